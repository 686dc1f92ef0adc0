// error at 11:38: Argument of type 'typeof UserController' is not assignable to parameter of type '"static routes.postLogin has bdy, which is not an option of a route"'.
import { Application, Router, type StandardSchemaV1 } from "../../../mod.ts";

declare const Login: StandardSchemaV1<unknown, { name: string }>;

class UserController {
  static readonly routes = { postLogin: { bdy: Login } } as const;
  postLogin() {}
}

new Application(new Router()).handle(UserController);
