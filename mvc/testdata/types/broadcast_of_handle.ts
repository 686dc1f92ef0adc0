// error: 'txt' does not exist in type
import type { NSConn } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
}
declare const nsConn: NSConn<ChatEvents>;
nsConn.broadcast("onChat", { txt: "hi" });
