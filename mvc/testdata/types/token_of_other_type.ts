// error: Type 'Token<string, string>' is not assignable to type 'Token<number>'
import { type Token, token } from "../../container.ts";

export const port: Token<number> = token<string>("Port");
