// error: Expected 2 arguments, but got 1
import { type NSConn } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
  onConfirm(question: string): boolean;
}
declare const nsConn: NSConn<ChatEvents>;

nsConn.emit("onChat");
