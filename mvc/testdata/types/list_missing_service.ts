// error at 9:38: Type 'Token<string>' is not assignable to type '"is not registered; register it earlier in this chain of calls"'.
import { Container, token } from "../../../mod.ts";

const Url = token<string>("Url");
class Database {
  constructor(readonly url: string) {}
}

new Container().singleton(Database, [Url]);
