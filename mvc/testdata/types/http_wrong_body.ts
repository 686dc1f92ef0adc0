// error: parameter of type 'ArgumentMismatch<"postLogin(body)", { name: string; }, { name: number; }>'
import { Application, Router, type StandardSchemaV1 } from "../../../mod.ts";

declare const Login: StandardSchemaV1<unknown, { name: string }>;

class UserController {
  static readonly routes = { postLogin: { body: Login } } as const;
  postLogin(login: { name: number }) {
    return login.name;
  }
}

new Application(new Router()).handle(UserController);
