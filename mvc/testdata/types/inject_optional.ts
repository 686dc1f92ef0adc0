// error at 10:25: Argument of type 'typeof Database' is not assignable to parameter of type '["inject[0] gives", string | undefined, "but the constructor takes", string]'.

import { Container, optional, token } from "../../mod.ts";

class Database {
  static readonly inject = [optional(token<string>("DbUrl"))] as const;
  constructor(readonly url: string) {}
}

new Container().compile(Database);
