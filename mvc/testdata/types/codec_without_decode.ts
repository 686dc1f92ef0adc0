// error: Property 'decode' is missing in type
import { dial } from "../../../mod.ts";

await dial("ws://localhost", {}, {
  bodyCodec: { encode: (value) => String(value) },
});
