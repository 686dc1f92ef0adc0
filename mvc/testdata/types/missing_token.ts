// error: type 'NotRegistered<Token<string, "DbUrl">>'

import { Container, token } from "../../mod.ts";

const Logger = token<(text: string) => void>("Logger");

const DbUrl = token<string, "DbUrl">("DbUrl");

new Container()
  .register(Logger, console.log)
  .singleton(token<number>("Port"), [Logger, DbUrl], (_log, url) => url.length);
