// error at 16:13: Argument of type '"onRoomJoin"' is not assignable to parameter of type '"onChat"'.
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
nsConn.emit("onRoomJoin", { text: "hi" });
