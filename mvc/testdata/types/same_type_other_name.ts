// error: type 'NotRegistered<Token<string, "DbUrl">>'

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

const Secret = token<string, "Secret">("Secret");

new Container().register(Secret, "s3cr3t").compile({ deps: [DbUrl] });
