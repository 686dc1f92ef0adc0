// error: 'InjectMismatch<"inject[1]", Logger, Database>'

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
