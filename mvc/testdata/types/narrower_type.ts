// error at 9:56: Type 'Token<"dev" | "prod">' is not assignable to type '"is not registered; register it earlier in this chain of calls"'.

import { Container, token } from "../../mod.ts";

const Name = token<string>("Name");

const Mode = token<"dev" | "prod">("Mode");

new Container().register(Name, "any").compile({ deps: [Mode] });
