// error at 6:60: Type 'string' is not assignable to type 'number | Promise<number>'.
// note: The expected type comes from the return type of this signature.

import { Container, token } from "../../mod.ts";

new Container().singleton(token<number>("Port"), [], () => "80");
