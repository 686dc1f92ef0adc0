// error at 6:3: Property 'decode' is missing in type '{ encode: (value: unknown) => string; }' but required in type 'BodyCodec'.
// note: 'decode' is declared here.
import { dial } from "../../../mod.ts";

await dial("ws://localhost", {}, {
  bodyCodec: { encode: (value) => String(value) },
});
