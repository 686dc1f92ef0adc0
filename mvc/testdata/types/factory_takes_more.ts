// error: Target signature provides too few arguments

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

new Container().register(Host, "::1").singleton(
  token<string, "Url">("Url"),
  [Host],
  (host: string, port: number) => `${host}:${port}`,
);
