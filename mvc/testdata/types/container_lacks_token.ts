// error: is not assignable to parameter of type 'Container<Token<string, "DbUrl">, never, never>'

import { Container } from "../../container/container.ts";
import { token } from "../../container/tokens.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

function addDatabase(container: Container<typeof DbUrl>): void {
  container.compile(DbUrl);
}

addDatabase(new Container().register(token<number>("Port"), 80));
