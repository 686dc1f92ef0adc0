// error at 17:34: Argument of type 'typeof Database' is not assignable to parameter of type 'new (...services: never[]) => Store'.
//   Property 'get' is missing in type 'Database' but required in type 'Store'.
// note: 'get' is declared here.

import { Container, token } from "../../mod.ts";

interface Store {
  get(key: string): unknown;
}

const Store = token<Store>("Store");

class Database {
  query(): void {}
}

new Container().singleton(Store, Database);
