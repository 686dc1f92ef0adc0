// error at 10:38: Argument of type 'typeof UserController' is not assignable to parameter of type '"get takes a Context, which its route does not give: write static readonly inject = [Context] as const"'.
import { Application, type Context, Router } from "../../../mod.ts";

class UserController {
  get(ctx: Context) {
    return ctx.path;
  }
}

new Application(new Router()).handle(UserController);
