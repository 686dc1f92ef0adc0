// error: type 'NotRegistered<Token<"dev" | "prod", string>>'

import { Container, token } from "../../mod.ts";

const Name = token<string>("Name");

const Mode = token<"dev" | "prod">("Mode");

new Container().register(Name, "any").compile({ deps: [Mode] });
