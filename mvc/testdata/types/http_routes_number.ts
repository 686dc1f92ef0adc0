// error at 9:38: Argument of type 'typeof UserController' is not assignable to parameter of type '["static routes.find must be a path, false or options, not", 5]'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  static readonly routes = { find: 5 } as const;
  find() {}
}

new Application(new Router()).handle(UserController);
