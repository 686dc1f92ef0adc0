// error at 6:12: Argument of type '({ tries }: DialAttempt) => number' is not assignable to parameter of type 'DialURL'.
//   Type '({ tries }: DialAttempt) => number' is not assignable to type 'ForEachAttempt<string | URL>'.
//     Type 'number' is not assignable to type 'string | URL | Promise<string | URL>'.
import { dial } from "../../../mod.ts";

await dial(({ tries }) => tries, { onHi() {} });
