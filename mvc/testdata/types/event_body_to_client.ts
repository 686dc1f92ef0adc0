// error at 10:25: Object literal may only specify known properties, but 'txt' does not exist in type '{ text: string; }'. Did you mean to write 'text'?
import { type NSConn } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
  onConfirm(question: string): boolean;
}
declare const nsConn: NSConn<ChatEvents>;

nsConn.emit("onChat", { txt: "hi" });
