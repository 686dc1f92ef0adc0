// error: Property 'query' is missing in type 'Logger' but required in type 'Database'

import { Container, token } from "../../mod.ts";

interface Logger {
  log(text: string): void;
}

interface Database {
  query(text: string): unknown[];
}

const Logger = token<Logger>("Logger");

new Container().register(Logger, console).scoped(
  token<number>("Count"),
  [Logger],
  (database: Database) => database.query("").length,
);
