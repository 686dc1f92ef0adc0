// error at 12:24: Type 'Token<User>' is not assignable to type '"is scoped, and a singleton would keep the first one forever; register this with scoped()"'.
import { Application, Context, Router, token } from "../../../mod.ts";

interface User {
  name: string;
}
const User = token<User>("User");
const Greeter = token<{ greet(): string }>("Greeter");

new Application(new Router())
  .scoped(User, [Context], (context) => ({ name: context.path }))
  .singleton(Greeter, [User], (user) => ({ greet: () => user.name }));
