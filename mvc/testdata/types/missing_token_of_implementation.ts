// error at 19:31: Argument of type 'typeof Database' is not assignable to parameter of type '"inject[0] is not registered; register it earlier in this chain of calls: DbUrl"'.

import { Container, token } from "../../mod.ts";

interface Store {
  get(key: string): unknown;
}

const Store = token<Store>("Store");

const DbUrl = token<string, "DbUrl">("DbUrl");

class Database implements Store {
  static readonly inject = [DbUrl] as const;
  constructor(readonly url: string) {}
  get(): void {}
}

new Container().scoped(Store, Database);
