// error: is not assignable to parameter of type 'Container<Token<string, "DbUrl">, never, never>'

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

function addDatabase(container: Container<typeof DbUrl>): void {
  container.compile(DbUrl);
}

addDatabase(new Container().register(token<number>("Port"), 80));
