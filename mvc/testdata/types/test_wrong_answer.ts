// error: msg: Message<string>) => string' is not assignable to type '(nsConn: NSConn<AnyEvents>, msg: Message<string>) => boolean
import { NSConn, Server } from "../../../mod.ts";
import { connectTest } from "../../testing/mod.ts";

class ChatController {
  onSay(_nsConn: NSConn<{ onConfirm(text: string): boolean }>) {}
}
declare const server: Server;

connectTest(server, ChatController, {
  handlers: { onConfirm: (_nsConn, msg) => msg.text() },
});
