// error at 8:24: Type 'Promise<Uint8Array<ArrayBuffer>>' is not assignable to type 'string | Uint8Array<ArrayBufferLike>'.
//   Type 'Promise<Uint8Array<ArrayBuffer>>' is missing the following properties from type 'Uint8Array<ArrayBufferLike>': BYTES_PER_ELEMENT, buffer, byteLength, byteOffset, and 35 more.
// note: The expected type comes from the return type of this signature.
import { denoUpgrader, Server } from "../../../mod.ts";

new Server(denoUpgrader(), {}, {
  bodyCodec: {
    encode: (value) => new Blob([String(value)]).bytes(),
    decode: (body) => body.length,
  },
});
