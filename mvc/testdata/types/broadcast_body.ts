// error: 'txt' does not exist in type
import type { Server } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
}
declare const server: Server;
server.broadcast<ChatEvents>(null, { event: "onChat", body: { txt: "hi" } });
