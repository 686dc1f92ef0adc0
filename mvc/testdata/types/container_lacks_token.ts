// error at 15:13: Argument of type 'Container<Token<number>, never, Token<number>>' is not assignable to parameter of type 'Container<Token<string, "DbUrl">, never, never>'.
//   Type 'Token<string, "DbUrl">' is not assignable to type 'Token<number>'.
//     Type 'Token<string, "DbUrl">' is not assignable to type 'TokenBrand<number, string>'.
//       Types of property '"~service"' are incompatible.
//         Type 'string' is not assignable to type 'number'.

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

function addDatabase(container: Container<typeof DbUrl>): void {
  container.compile(DbUrl);
}

addDatabase(new Container().register(token<number>("Port"), 80));
