// error: parameter of type 'ArgumentMismatch<"getBy(argument 1)", "nothing", string>'
import { Application, Router } from "../../../mod.ts";

class UserController {
  getBy(id: string, friend: string) {
    return id + friend;
  }
}

new Application(new Router()).handle(UserController);
