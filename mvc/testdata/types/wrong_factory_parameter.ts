// error at 21:3: Argument of type '(database: Database) => number' is not assignable to parameter of type '(services_0: Logger) => number | Promise<number>'.
//   Types of parameters 'database' and 'services_0' are incompatible.
//     Property 'query' is missing in type 'Logger' but required in type 'Database'.
// note: 'query' is declared here.

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
