// error: Argument of type 'Promise<string>' is not assignable to parameter of type 'Body'
import type { NSConn } from "../../../mod.ts";

declare const nsConn: NSConn;
declare function readName(): Promise<string>;
nsConn.emit("onName", readName());
