// error: Argument of type 'number' is not assignable to parameter of type 'string'

import { Container } from "../../container/container.ts";
import { token } from "../../container/tokens.ts";

new Container().register(token<string>("DbUrl"), 5432);
