// error at 20:50: Argument of type 'typeof UserService' is not assignable to parameter of type '["inject[1] gives", Logger, "but the constructor takes", Database]'.

import { Container, token } from "../../mod.ts";

interface Logger {
  log(text: string): void;
}

interface Database {
  query(text: string): unknown[];
}

const Logger = token<Logger>("Logger");

class UserService {
  static readonly inject = [Logger, Logger] as const;
  constructor(readonly logger: Logger, readonly database: Database) {}
}

new Container().register(Logger, console).scoped(UserService);
