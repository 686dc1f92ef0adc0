// error: Type 'string' is not assignable to type 'number | Promise<number>'

import { Container } from "../../container/container.ts";
import { token } from "../../container/tokens.ts";

new Container().singleton(token<number>("Port"), [], () => "80");
