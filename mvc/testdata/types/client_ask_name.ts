// error at 14:18: Argument of type '"onWrong"' is not assignable to parameter of type '"onChat"'.
import { type Client, type Message, NSConn } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat(msg: Message<{ text: string }>) {
    return msg.json().text;
  }
}
declare const client: Client;

const nsConn = await client.connect<typeof ChatController>("chat");
await nsConn.ask("onWrong", { text: "hi" });
