// error: 'txt' does not exist in type '{ text: string; }'
import { type NSConn } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
  onConfirm(question: string): boolean;
}
declare const nsConn: NSConn<ChatEvents>;

nsConn.emit("onChat", { txt: "hi" });
