// error at 9:38: Argument of type 'typeof UserController' is not assignable to parameter of type '"static routes.getAll is 'all', and must be a path, or a method and a path, as in GET /path"'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  static readonly routes = { getAll: "all" } as const;
  getAll() {}
}

new Application(new Router()).handle(UserController);
