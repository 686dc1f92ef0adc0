// error at 12:27: Argument of type 'typeof Database' is not assignable to parameter of type '"inject[0] is not registered; register it earlier in this chain of calls: DbUrl"'.

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

class Database {
  static readonly inject = [DbUrl] as const;
  constructor(readonly url: string) {}
}

new Container().singleton(Database);
