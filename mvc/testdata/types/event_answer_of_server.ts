// error at 17:14: Type 'number' is not assignable to type 'string'.
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
const answer = await nsConn.ask("onChat", { text: "hi" });
export const text: string = answer.json();
