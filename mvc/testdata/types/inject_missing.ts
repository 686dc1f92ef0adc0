// error at 9:27: Argument of type 'typeof Database' is not assignable to parameter of type '["its constructor takes parameters; write static readonly inject = [...] as const with their tokens:", [url: string]]'.

import { Container } from "../../mod.ts";

class Database {
  constructor(readonly url: string) {}
}

new Container().singleton(Database);
