// error at 10:38: Argument of type 'typeof UserController' is not assignable to parameter of type '["getBy takes more arguments than its route gives; parameter 2 is", string]'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  getBy(id: string, friend: string) {
    return id + friend;
  }
}

new Application(new Router()).handle(UserController);
