// error at 11:36: Argument of type '{}' is not assignable to parameter of type 'Database'.
//   Property 'url' is missing in type '{}' but required in type 'Database'.
// note: 'url' is declared here.

import { Container } from "../../mod.ts";

class Database {
  readonly url = "pg://";
}

new Container().register(Database, {});
