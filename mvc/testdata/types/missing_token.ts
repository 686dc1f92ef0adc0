// error: type 'NotRegistered<Token<string, "DbUrl">>'

import { Container } from "../../container/container.ts";
import { token } from "../../container/tokens.ts";

const Logger = token<(text: string) => void>("Logger");

const DbUrl = token<string, "DbUrl">("DbUrl");

new Container()
  .register(Logger, console.log)
  .singleton(token<number>("Port"), [Logger, DbUrl], (_log, url) => url.length);
