// error at 10:3: Argument of type '(host: string, port: number) => string' is not assignable to parameter of type '"takes more services than the list before it has"'.

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

new Container().register(Host, "::1").singleton(
  token<string, "Url">("Url"),
  [Host],
  (host: string, port: number) => `${host}:${port}`,
);
