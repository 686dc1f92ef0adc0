// error: 'InjectMissing<[url: string]>'
import { Container } from "../../container.ts";

class Database {
  constructor(readonly url: string) {}
}

new Container().singleton(Database);
