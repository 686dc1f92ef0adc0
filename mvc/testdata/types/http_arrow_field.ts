// error: parameter of type 'FieldAsRoute<"getUsers">'
import { Application, Router } from "../../../mod.ts";

class UserController {
  get() {}
  readonly getUsers = () => ["Ann"];
}

new Application(new Router()).handle(UserController);
