// error: parameter of type 'NoSuchMethod<"serch">'
import { Application, Router } from "../../../mod.ts";

class UserController {
  static readonly routes = { serch: "GET /search" } as const;
  get() {}
  search() {}
}

new Application(new Router()).handle(UserController);
