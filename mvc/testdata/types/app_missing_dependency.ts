// error at 11:25: Type 'Token<string, "DbUrl">' is not assignable to type '"is not registered; register it earlier in this chain of calls"'.
import { Application, Router, token } from "../../../mod.ts";

const Url = token<string, "Url">("Url");
const DbUrl = token<string, "DbUrl">("DbUrl");
const Database = token<{ url: string }>("Database");

// Two services of one type are told apart by their names.
new Application(new Router())
  .register(Url, "https://example.com")
  .singleton(Database, [DbUrl], (url) => ({ url }));
