// error at 11:8: Expected 2 arguments, but got 1.
// note: Arguments for the rest parameter 'body' were not provided.
import { type NSConn } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
  onConfirm(question: string): boolean;
}
declare const nsConn: NSConn<ChatEvents>;

nsConn.emit("onChat");
