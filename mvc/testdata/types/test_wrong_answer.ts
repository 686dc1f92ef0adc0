// error at 13:15: Type '(_nsConn: NSConn<AnyEvents>, msg: Message<string>) => string' is not assignable to type '(nsConn: NSConn<AnyEvents>, msg: Message<string>) => boolean | Reply<boolean> | Promise<boolean | Reply<boolean>>'.
//   Type 'string' is not assignable to type 'boolean | Reply<boolean> | Promise<boolean | Reply<boolean>>'.
// note: The call would have succeeded against this implementation, but implementation signatures of overloads are not externally visible.
import { NSConn, Server } from "../../../mod.ts";
import { connectTest } from "../../testing/mod.ts";

class ChatController {
  onSay(_nsConn: NSConn<{ onConfirm(text: string): boolean }>) {}
}
declare const server: Server;

connectTest(server, ChatController, {
  handlers: { onConfirm: (_nsConn, msg) => msg.text() },
});
