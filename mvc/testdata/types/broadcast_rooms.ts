// error: Type 'string' is not assignable to type 'readonly string[]'
import type { Server } from "../../../mod.ts";

declare const server: Server;
server.broadcast(null, { event: "onChat", rooms: "lobby" });
