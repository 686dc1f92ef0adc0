// error at 14:53: Argument of type '"chat"' is not assignable to parameter of type '"needs the type of the class: connect<typeof Controller>(...)"'.
import { type Client, type Message, NSConn } from "../../../mod.ts";

class ChatController {
  static readonly namespace = "chat";
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat(msg: Message<{ text: string }>) {
    return msg.json().text;
  }
}
declare const client: Client;

const nsConn = await client.connect<ChatController>("chat");
nsConn.emit("onChat", { text: "hi" });
