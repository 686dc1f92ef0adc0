// error: parameter of type 'NotRegistered<Token<string, "DbUrl">>'

import { Container } from "../../container/container.ts";
import { token } from "../../container/tokens.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

new Container().compile(DbUrl);
