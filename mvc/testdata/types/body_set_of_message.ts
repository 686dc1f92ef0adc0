// error: Type 'Set<string>' is not assignable to type 'string | number
import type { Conn } from "../../../mod.ts";

declare const conn: Conn;
conn.write({ event: "onNames", body: new Set<string>() });
