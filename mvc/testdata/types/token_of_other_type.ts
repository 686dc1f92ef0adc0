// error at 8:14: Type 'Token<string>' is not assignable to type 'Token<number>'.
//   Type 'Token<string>' is not assignable to type 'TokenBrand<number, string>'.
//     Types of property '"~service"' are incompatible.
//       Type 'string' is not assignable to type 'number'.

import { token, type Token } from "../../mod.ts";

export const port: Token<number> = token<string>("Port");
