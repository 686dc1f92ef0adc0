// error at 11:27: Type 'Token<string, "DbUrl">' is not assignable to type '"is not registered; register it earlier in this chain of calls"'.

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

const Port = token<number>("Port");

const child = new Container().register(Port, 80).createChild();

child.scoped(Port, [Port, DbUrl], (port) => port);
