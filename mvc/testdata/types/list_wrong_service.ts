// error at 10:29: Type 'Token<number>' is not assignable to type '["gives", number, "but the constructor takes", string]'.
import { Application, Context, Router, token } from "../../../mod.ts";

const Port = token<number>("Port");
class Player {
  constructor(readonly context: Context, readonly name: string) {}
}

new Application(new Router()).register(Port, 80)
  .scoped(Player, [Context, Port]);
