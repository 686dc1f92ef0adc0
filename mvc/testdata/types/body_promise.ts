// error at 10:23: Argument of type 'Promise<string>' is not assignable to parameter of type 'Body'.
//   Type 'Promise<string>' is not assignable to type 'ArrayBuffer | ArrayBufferView<ArrayBufferLike> | (object & NotOpaque) | { readonly [key: string]: unknown; } | { toJSON(): unknown; }'.
//     Type 'Promise<string>' is not assignable to type '{ readonly [key: string]: unknown; }'.
//       Index signature for type 'string' is missing in type 'Promise<string>'.
// note: Did you forget to use 'await'?
import type { NSConn } from "../../../mod.ts";

declare const nsConn: NSConn;
declare function readName(): Promise<string>;
nsConn.emit("onName", readName());
