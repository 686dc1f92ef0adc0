// error at 6:36: Type '"Url"' is not assignable to type '"must be a token, a class or optional()"'.
import { Container, token } from "../../../mod.ts";

const Length = token<number>("Length");

new Container().singleton(Length, ["Url"], () => 1);
