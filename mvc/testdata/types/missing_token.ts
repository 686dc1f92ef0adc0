// error at 11:46: Type 'Token<string, "DbUrl">' is not assignable to type '"is not registered; register it earlier in this chain of calls"'.

import { Container, token } from "../../mod.ts";

const Logger = token<(text: string) => void>("Logger");

const DbUrl = token<string, "DbUrl">("DbUrl");

new Container()
  .register(Logger, console.log)
  .singleton(token<number>("Port"), [Logger, DbUrl], (_log, url) => url.length);
