// error at 9:63: Object literal may only specify known properties, and 'txt' does not exist in type 'Uint8Array<ArrayBufferLike> | { text: string; }'.
// note: The expected type comes from property 'body' which is declared here on type 'Message<unknown> | (Omit<MessageInit, "event" | "body"> & { event: "onChat"; } & { body: { text: string; }; })'
import type { Server } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
}
declare const server: Server;
server.broadcast<ChatEvents>(null, { event: "onChat", body: { txt: "hi" } });
