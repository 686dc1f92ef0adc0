// error: parameter of type 'NotRegistered<Token<string, "DbUrl">>'
import { Container, token } from "../../container.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

new Container().compile(DbUrl);
