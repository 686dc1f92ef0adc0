// error at 13:54: Type 'typeof Database' is not assignable to type '"is not registered; register it earlier in this chain of calls"'.

import { Container } from "../../mod.ts";

class Database {
  readonly url: string = "pg://";
}

class Postgres extends Database {
  readonly version = 18;
}

new Container().singleton(Postgres).compile({ deps: [Database] });
