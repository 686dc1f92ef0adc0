// error: 'InjectMissing<[url: string]>'

import { Container } from "../../container/container.ts";

class Database {
  constructor(readonly url: string) {}
}

new Container().singleton(Database);
