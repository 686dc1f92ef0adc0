// error at 8:30: Object literal may only specify known properties, but 'txt' does not exist in type '{ text: string; }'. Did you mean to write 'text'?
import type { NSConn } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
}
declare const nsConn: NSConn<ChatEvents>;
nsConn.broadcast("onChat", { txt: "hi" });
