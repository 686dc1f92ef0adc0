// error: Type 'Map<string, string>' is not assignable to type
import type { NSConn } from "../../../mod.ts";

declare const nsConn: NSConn;
await nsConn.joinRoom("lobby", { body: new Map([["token", "x"]]) });
