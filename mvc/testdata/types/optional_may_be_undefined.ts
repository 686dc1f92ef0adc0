// error at 10:12: 'url' is possibly 'undefined'.

import { Container, optional, token } from "../../mod.ts";

const DbUrl = token<string>("DbUrl");

new Container().singleton(
  token<number>("Length"),
  [optional(DbUrl)],
  (url) => url.length,
);
