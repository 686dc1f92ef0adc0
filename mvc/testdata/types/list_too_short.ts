// error at 8:46: Argument of type '(typeof Context)[]' is not assignable to parameter of type '"deps[1] is missing: the constructor takes more parameters"'.
import { Application, Context, Router } from "../../../mod.ts";

class Player {
  constructor(readonly context: Context, readonly name: string) {}
}

new Application(new Router()).scoped(Player, [Context]);
