// error: Property 'url' is missing in type '{}' but required in type 'Database'

import { Container } from "../../mod.ts";

class Database {
  readonly url = "pg://";
}

new Container().register(Database, {});
