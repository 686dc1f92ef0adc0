// error at 14:11: Argument of type 'typeof UserController' is not assignable to parameter of type '["inject[0] gives", string, "but the constructor takes", number]'.
import { Application, Router, token } from "../../../mod.ts";

const Url = token<string>("Url");
const Port = token<number>("Port");

class UserController {
  static readonly inject = [Url, Port] as const;
  constructor(readonly port: number, readonly url: string) {}
  get() {}
}

new Application(new Router()).register(Url, "").register(Port, 80)
  .handle(UserController);
