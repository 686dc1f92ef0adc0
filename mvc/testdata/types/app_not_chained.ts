// error at 18:12: Argument of type 'typeof UserController' is not assignable to parameter of type '["inject[0] is not registered; register it earlier in this chain of calls:", Token<Logger>]'.
import { Application, Router, token } from "../../../mod.ts";

interface Logger {
  log(text: string): void;
}
const Logger = token<Logger>("Logger");

class UserController {
  static readonly inject = [Logger] as const;
  constructor(readonly logger: Logger) {}
  get() {}
}

const app = new Application(new Router());
// The registration is in the type of what it returns.
app.register(Logger, console);
app.handle(UserController);
