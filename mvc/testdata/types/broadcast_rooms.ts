// error at 6:43: Type 'string' is not assignable to type 'readonly string[]'.
// note: The expected type comes from property 'rooms' which is declared here on type 'Message<unknown> | (Omit<MessageInit, "event" | "body"> & { event: "onChat"; } & { body?: any; })'
import type { Server } from "../../../mod.ts";

declare const server: Server;
server.broadcast(null, { event: "onChat", rooms: "lobby" });
