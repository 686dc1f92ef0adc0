// error: parameter of type 'ArgumentMismatch<"getUserBy(:param1)", string, number>'
import { Application, Router } from "../../../mod.ts";

class UserController {
  get() {}
  getUserBy(id: number) {
    return id;
  }
}

new Application(new Router()).handle(UserController);
