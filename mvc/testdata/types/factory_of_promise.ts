// error at 9:45: Type 'Promise<string>' is not assignable to type 'number | Promise<number>'.
//   Type 'Promise<string>' is not assignable to type 'Promise<number>'.
//     Type 'string' is not assignable to type 'number'.
// note: The expected type comes from the return type of this signature.
import { Container, token } from "../../../mod.ts";

const Port = token<number>("Port");

new Container().singleton(Port, async () => await Promise.resolve("80"));
