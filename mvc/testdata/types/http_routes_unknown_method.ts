// error at 10:38: Argument of type 'typeof UserController' is not assignable to parameter of type '"static routes must name methods, and serch is none"'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  static readonly routes = { serch: "GET /search" } as const;
  get() {}
  search() {}
}

new Application(new Router()).handle(UserController);
