// error: type 'NotRegistered<Token<string, "DbUrl">>'

import { Container } from "../../container/container.ts";
import { token } from "../../container/tokens.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

const Port = token<number>("Port");

const container = new Container();

container.register(DbUrl, "pg://");

container.singleton(Port, [DbUrl], (url) => url.length);
