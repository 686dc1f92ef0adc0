// error at 7:47: Object literal may only specify known properties, but 'onChatt' does not exist in type 'HandlersOf<ChatEvents>'. Did you mean to write 'onChat'?
import type { HandlersOf } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
}
export const chat: HandlersOf<ChatEvents> = { onChatt() {} };
