// error at 7:25: Argument of type 'Token<string, "DbUrl">' is not assignable to parameter of type '"is not registered; register it earlier in this chain of calls"'.

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

new Container().compile(DbUrl);
