// error: type 'NotRegistered<typeof Database>'

import { Container } from "../../mod.ts";

class Database {
  readonly url: string = "pg://";
}

class Postgres extends Database {
  readonly version = 18;
}

new Container().singleton(Postgres).compile({ deps: [Database] });
