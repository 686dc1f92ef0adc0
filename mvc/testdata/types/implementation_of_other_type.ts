// error: Property 'get' is missing in type 'Database' but required in type 'Store'

import { Container, token } from "../../mod.ts";

interface Store {
  get(key: string): unknown;
}

const Store = token<Store>("Store");

class Database {
  query(): void {}
}

new Container().singleton(Store, Database);
