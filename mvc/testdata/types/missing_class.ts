// error: type 'NotRegistered<typeof Database>'

import { Container } from "../../mod.ts";

class Database {
  readonly url = "pg://";
}

class UserService {
  static readonly inject = [Database] as const;
  constructor(readonly database: Database) {}
}

new Container().compile(UserService);
