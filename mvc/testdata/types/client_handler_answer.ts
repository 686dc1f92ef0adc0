// error at 8:47: Type '() => string' is not assignable to type '(nsConn: NSConn<AnyEvents>, msg: Message<string>) => boolean | Reply<boolean> | Promise<boolean | Reply<boolean>>'.
//   Type 'string' is not assignable to type 'boolean | Reply<boolean> | Promise<boolean | Reply<boolean>>'.
import type { HandlersOf } from "../../../mod.ts";

interface ChatEvents {
  onConfirm(question: string): boolean;
}
export const chat: HandlersOf<ChatEvents> = { onConfirm: () => "yes" };
