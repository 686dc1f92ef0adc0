// error at 15:45: Argument of type '"chat"' is not assignable to parameter of type '"default"'.
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

await client.connect<typeof ChatController>("chat");
