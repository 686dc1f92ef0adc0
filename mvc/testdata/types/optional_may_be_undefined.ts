// error: 'url' is possibly 'undefined'

import { Container } from "../../container/container.ts";
import { optional, token } from "../../container/tokens.ts";

const DbUrl = token<string>("DbUrl");

new Container().singleton(
  token<number>("Length"),
  [optional(DbUrl)],
  (url) => url.length,
);
