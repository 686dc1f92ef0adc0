// error: Type 'Token<string, string>' is not assignable to type 'Token<number>'

import { token } from "../../container/tokens.ts";
import type { Token } from "../../container/types.ts";

export const port: Token<number> = token<string>("Port");
