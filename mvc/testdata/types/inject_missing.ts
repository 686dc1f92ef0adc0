// error: 'InjectMissing<[url: string]>'

import { Container } from "../../mod.ts";

class Database {
  constructor(readonly url: string) {}
}

new Container().singleton(Database);
