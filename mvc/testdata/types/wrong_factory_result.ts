// error: Type 'string' is not assignable to type 'number | Promise<number>'

import { Container, token } from "../../mod.ts";

new Container().singleton(token<number>("Port"), [], () => "80");
