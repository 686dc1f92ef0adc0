// error at 11:14: Type 'boolean' is not assignable to type 'string'.
import { type NSConn } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
  onConfirm(question: string): boolean;
}
declare const nsConn: NSConn<ChatEvents>;

const answer = await nsConn.ask("onConfirm", "sure?");
export const text: string = answer.json();
