// error at 11:63: Type 'number' is not assignable to type 'string'.
import { dial, type Message, type NSConn } from "../../../mod.ts";

class ChatController {
  static readonly namespace = "chat";
  onNamespaceConnect(_nsConn: NSConn, msg: Message<{ token: string }>) {
    return msg.json().token === "secret" ? undefined : new Error();
  }
}
const client = await dial("ws://localhost", { chat: {} });
await client.connect<typeof ChatController>("chat", { body: { token: 5 } });
