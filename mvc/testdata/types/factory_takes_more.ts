// error: Target signature provides too few arguments

import { Container } from "../../container/container.ts";
import { token } from "../../container/tokens.ts";

const Host = token<string>("Host");

new Container().register(Host, "::1").singleton(
  token<string, "Url">("Url"),
  [Host],
  (host: string, port: number) => `${host}:${port}`,
);
