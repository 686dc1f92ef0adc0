// error at 8:22: Argument of type 'Token<string>' is not assignable to parameter of type '"must be a list of tokens, as in [Logger, Database]"'.
import { Container, token } from "../../../mod.ts";

const Url = token<string>("Url");
const Length = token<number>("Length");

new Container().register(Url, "pg://")
  .singleton(Length, Url, (url: string) => url.length);
