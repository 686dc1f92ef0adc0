// error at 11:38: Argument of type 'typeof UserController' is not assignable to parameter of type '["find gets :term as", string, "but takes", number]'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  static readonly routes = { find: "GET /:kind(a|b)/:term" } as const;
  find(kind: string, term: number) {
    return kind + term;
  }
}

new Application(new Router()).handle(UserController);
