// error at 11:38: Argument of type 'typeof UserController' is not assignable to parameter of type '["find gets :term as", string | undefined, "but takes", string]'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  static readonly routes = { find: "GET /find/:term?" } as const;
  find(term: string) {
    return term;
  }
}

new Application(new Router()).handle(UserController);
