// error at 11:38: Argument of type 'typeof UserController' is not assignable to parameter of type '["getUserBy gets :param1 as", string, "but takes", number]'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  get() {}
  getUserBy(id: number) {
    return id;
  }
}

new Application(new Router()).handle(UserController);
