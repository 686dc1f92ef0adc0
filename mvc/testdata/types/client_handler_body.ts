// error at 10:11: Type 'number' is not assignable to type 'string'.
import type { HandlersOf } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
}
export const chat: HandlersOf<ChatEvents> = {
  onChat(_nsConn, msg) {
    const text: number = msg.json().text.length;
    const wrong: string = text;
    console.log(wrong);
  },
};
