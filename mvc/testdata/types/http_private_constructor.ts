// error at 9:38: Argument of type 'typeof UserController' is not assignable to parameter of type '"must be a class with a public constructor"'.
import { Application, Router } from "../../../mod.ts";

class UserController {
  protected constructor() {}
  get() {}
}

new Application(new Router()).handle(UserController);
