// error at 9:32: Type 'Set<string>' is not assignable to type 'string | number | boolean | Uint8Array<ArrayBufferLike> | ArrayBuffer | ArrayBufferView<ArrayBufferLike> | ... 4 more ... | undefined'.
//   Type 'Set<string>' is not assignable to type 'Uint8Array<ArrayBufferLike> | ArrayBuffer | ArrayBufferView<ArrayBufferLike> | (object & NotOpaque) | { ...; } | { ...; }'.
//     Type 'Set<string>' is not assignable to type '{ readonly [key: string]: unknown; }'.
//       Index signature for type 'string' is missing in type 'Set<string>'.
// note: The expected type comes from property 'body' which is declared here on type 'Message<unknown> | MessageInit'
import type { Conn } from "../../../mod.ts";

declare const conn: Conn;
conn.write({ event: "onNames", body: new Set<string>() });
