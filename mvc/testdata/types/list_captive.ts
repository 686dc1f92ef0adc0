// error at 8:50: Type 'typeof Context' is not assignable to type '"is scoped, and a singleton would keep the first one forever; register this with scoped()"'.
import { Application, Context, Router } from "../../../mod.ts";

class Player {
  constructor(readonly context: Context) {}
}

new Application(new Router()).singleton(Player, [Context]);
