// error at 11:38: Argument of type 'typeof UserController' is not assignable to parameter of type '"find does not begin with an HTTP method, so static routes must have one, as in GET /search/:term"'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  static readonly routes = { find: "/search/:term" } as const;
  find(term: string) {
    return term;
  }
}

new Application(new Router()).handle(UserController);
