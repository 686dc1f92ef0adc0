// error at 10:13: Argument of type '"onChatt"' is not assignable to parameter of type '"onChat" | "onConfirm"'.
import { type NSConn } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
  onConfirm(question: string): boolean;
}
declare const nsConn: NSConn<ChatEvents>;

nsConn.emit("onChatt", { text: "hi" });
