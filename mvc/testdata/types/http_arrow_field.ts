// error at 9:38: Argument of type 'typeof UserController' is not assignable to parameter of type '"getUsers is a field with a function, which is no route; write a method, or exclude it by getUsers: false in static routes"'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  get() {}
  readonly getUsers = () => ["Ann"];
}

new Application(new Router()).handle(UserController);
