// error at 12:14: Expected 2 arguments, but got 1.
// note: Arguments for the rest parameter 'args' were not provided.
import { dial, type Message, type NSConn } from "../../../mod.ts";

class ChatController {
  static readonly namespace = "chat";
  onNamespaceConnect(_nsConn: NSConn, msg: Message<{ token: string }>) {
    return msg.json().token === "secret" ? undefined : new Error();
  }
}
const client = await dial("ws://localhost", { chat: {} });
await client.connect<typeof ChatController>("chat");
