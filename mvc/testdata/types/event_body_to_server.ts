// error at 17:25: Type 'number' is not assignable to type 'string'.
// note: The expected type comes from property 'text' which is declared here on type '{ text: string; }'
import { type Client, type Message, NSConn } from "../../../mod.ts";

class ChatController {
  static readonly namespace = "default";
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat(msg: Message<{ text: string }>) {
    return msg.json().text.length;
  }
  onRoomJoin() {}
}
declare const client: Client;

const nsConn = await client.connect<typeof ChatController>("default");
nsConn.emit("onChat", { text: 1 });
