// error at 10:50: Argument of type 'typeof Database' is not assignable to parameter of type '["static inject must be a list of tokens, not", Token<string>]'.
import { Container, token } from "../../../mod.ts";

const Url = token<string>("Url");
class Database {
  static readonly inject = Url;
  constructor(readonly url: string) {}
}

new Container().register(Url, "pg://").singleton(Database);
