// error at 9:61: Type 'Token<string, "DbUrl">' is not assignable to type '"is not registered; register it earlier in this chain of calls"'.

import { Container, token } from "../../mod.ts";

const DbUrl = token<string, "DbUrl">("DbUrl");

const Secret = token<string, "Secret">("Secret");

new Container().register(Secret, "s3cr3t").compile({ deps: [DbUrl] });
