// error: parameter of type 'NotRegistered<Token<string, "DbUrl">>'

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

new Container().compile(DbUrl);
