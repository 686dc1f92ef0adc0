// error at 5:50: Argument of type 'number' is not assignable to parameter of type 'string'.

import { Container, token } from "../../mod.ts";

new Container().register(token<string>("DbUrl"), 5432);
