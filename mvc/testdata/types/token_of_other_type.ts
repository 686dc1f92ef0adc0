// error: Type 'Token<string, string>' is not assignable to type 'Token<number>'

import { token, type Token } from "../../mod.ts";

export const port: Token<number> = token<string>("Port");
