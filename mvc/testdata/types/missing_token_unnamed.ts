// error: type 'NotRegistered<Token<Database, string>>'

import { Container, token } from "../../mod.ts";

interface Database {
  query(text: string): unknown[];
}

const Database = token<Database>("Database");

new Container().scoped(token<number>("Count"), [Database], () => 0);
