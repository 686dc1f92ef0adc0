// error at 14:25: Argument of type 'typeof UserService' is not assignable to parameter of type '["inject[0] is not registered; register it earlier in this chain of calls:", typeof Database]'.

import { Container } from "../../mod.ts";

class Database {
  readonly url = "pg://";
}

class UserService {
  static readonly inject = [Database] as const;
  constructor(readonly database: Database) {}
}

new Container().compile(UserService);
