// error at 8:34: Type 'Map<string, string>' is not assignable to type 'Body | (() => Body | Promise<Body>)'.
//   Type 'Map<string, string>' is not assignable to type 'ArrayBuffer | ArrayBufferView<ArrayBufferLike> | (object & NotOpaque) | { readonly [key: string]: unknown; } | { toJSON(): unknown; } | (() => Body | Promise<...>)'.
//     Type 'Map<string, string>' is not assignable to type '{ readonly [key: string]: unknown; }'.
//       Index signature for type 'string' is missing in type 'Map<string, string>'.
import type { NSConn } from "../../../mod.ts";

declare const nsConn: NSConn;
await nsConn.joinRoom("lobby", { body: new Map([["token", "x"]]) });
