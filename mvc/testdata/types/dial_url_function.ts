// error: Type 'number' is not assignable to type 'string | URL | Promise<string | URL>'
import { dial } from "../../../mod.ts";

await dial(({ tries }) => tries, { onHi() {} });
