// error at 13:28: Type 'Token<string, "DbUrl">' is not assignable to type '"is not registered; register it earlier in this chain of calls"'.

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

const Port = token<number>("Port");

const container = new Container();

container.register(DbUrl, "pg://");

container.singleton(Port, [DbUrl], (url) => url.length);
