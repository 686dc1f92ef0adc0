// error: type 'NotRegistered<Token<string, "DbUrl">>'

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

const Port = token<number>("Port");

const container = new Container();

container.register(DbUrl, "pg://");

container.singleton(Port, [DbUrl], (url) => url.length);
