// error: type 'NotRegistered<Token<string, "DbUrl">>'

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

class Database {
  static readonly inject = [DbUrl] as const;
  constructor(readonly url: string) {}
}

new Container().singleton(Database);
