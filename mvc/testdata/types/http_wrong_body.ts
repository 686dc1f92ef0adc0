// error at 13:38: Argument of type 'typeof UserController' is not assignable to parameter of type '["postLogin gets the body as", { name: string; }, "but takes", { name: number; }]'.
import { Application, Router, type StandardSchemaV1 } from "../../../mod.ts";

declare const Login: StandardSchemaV1<unknown, { name: string }>;

class UserController {
  static readonly routes = { postLogin: { body: Login } } as const;
  postLogin(login: { name: number }) {
    return login.name;
  }
}

new Application(new Router()).handle(UserController);
