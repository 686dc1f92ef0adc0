// error: Type 'Promise<Uint8Array<ArrayBuffer>>' is not assignable to type 'string | Uint8Array
import { denoUpgrader, Server } from "../../../mod.ts";

new Server(denoUpgrader(), {}, {
  bodyCodec: {
    encode: (value) => new Blob([String(value)]).bytes(),
    decode: (body) => body.length,
  },
});
