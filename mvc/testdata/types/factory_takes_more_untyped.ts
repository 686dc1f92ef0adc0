// error at 8:27: Argument of type '(host: string, port: any) => string' is not assignable to parameter of type '"takes more services than the list before it has"'.
import { Container, token } from "../../../mod.ts";

const Host = token<string>("Host");
const Url = token<string, "Url">("Url");

new Container().register(Host, "::1")
  .singleton(Url, [Host], (host, port) => `${host}:${port}`);
