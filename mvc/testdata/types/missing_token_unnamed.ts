// error at 11:49: Type 'Token<Database>' is not assignable to type '"is not registered; register it earlier in this chain of calls"'.

import { Container, token } from "../../mod.ts";

interface Database {
  query(text: string): unknown[];
}

const Database = token<Database>("Database");

new Container().scoped(token<number>("Count"), [Database], () => 0);
