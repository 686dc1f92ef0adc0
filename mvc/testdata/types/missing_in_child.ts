// error: type 'NotRegistered<Token<string, "DbUrl">>'

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

const Port = token<number>("Port");

const child = new Container().register(Port, 80).createChild();

child.scoped(Port, [Port, DbUrl], (port) => port);
