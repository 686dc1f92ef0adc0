// error: ScopedInSingleton<Token<User, string>>
import { Application, Context, Router, token } from "../../../mod.ts";

interface User {
  name: string;
}
const User = token<User>("User");
const Greeter = token<{ greet(): string }>("Greeter");

new Application(new Router())
  .scoped(User, [Context], (context) => ({ name: context.path }))
  .singleton(Greeter, [User], (user) => ({ greet: () => user.name }));
