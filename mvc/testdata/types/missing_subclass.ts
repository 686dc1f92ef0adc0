// error: type 'NotRegistered<typeof Postgres>'

import { Container } from "../../mod.ts";

class Database {
  readonly url: string = "pg://";
}

class Postgres extends Database {
  readonly version = 18;
}

new Container().singleton(Database).compile({ deps: [Postgres] });
