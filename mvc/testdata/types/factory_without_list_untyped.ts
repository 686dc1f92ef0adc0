// error at 12:17: Argument of type '(ctx: any) => { name: any; kind: "guest"; }' is not assignable to parameter of type '"takes services: list their tokens before it, as in [Logger], (logger) => ..."'.
import { Application, Router, token } from "../../../mod.ts";

interface User {
  readonly name: string;
  readonly kind: "guest" | "member";
}
const User = token<User>("User");

// As in Iris, where the type of the parameter says what is injected.
new Application(new Router())
  .scoped(User, (ctx) => ({ name: ctx.path, kind: "guest" }));
