// error at 6:27: Type 'string' is not assignable to type 'Except'.
import type { NSConn, Server } from "../../../mod.ts";

declare const server: Server;
declare const nsConn: NSConn;
server.broadcast([nsConn, nsConn.id], { event: "onChat" });
