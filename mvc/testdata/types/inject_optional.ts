// error: 'InjectMismatch<"inject[0]", string | undefined, string>'

import { Container, optional, token } from "../../mod.ts";

class Database {
  static readonly inject = [optional(token<string>("DbUrl"))] as const;
  constructor(readonly url: string) {}
}

new Container().compile(Database);
