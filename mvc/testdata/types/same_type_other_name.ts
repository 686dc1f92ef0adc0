// error: type 'NotRegistered<Token<string, "DbUrl">>'

import { Container } from "../../container/container.ts";
import { token } from "../../container/tokens.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

const Secret = token<string, "Secret">("Secret");

new Container().register(Secret, "s3cr3t").compile({ deps: [DbUrl] });
