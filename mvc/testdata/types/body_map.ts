// error at 8:30: Argument of type 'Map<string, number>' is not assignable to parameter of type 'Body'.
//   Type 'Map<string, number>' is not assignable to type 'ArrayBuffer | ArrayBufferView<ArrayBufferLike> | (object & NotOpaque) | { readonly [key: string]: unknown; } | { toJSON(): unknown; }'.
//     Type 'Map<string, number>' is not assignable to type '{ readonly [key: string]: unknown; }'.
//       Index signature for type 'string' is missing in type 'Map<string, number>'.
import type { NSConn } from "../../../mod.ts";

declare const nsConn: NSConn;
await nsConn.ask("onScores", new Map<string, number>());
