// error: Argument of type 'Map<string, number>' is not assignable to parameter of type 'Body'
import type { NSConn } from "../../../mod.ts";

declare const nsConn: NSConn;
await nsConn.ask("onScores", new Map<string, number>());
