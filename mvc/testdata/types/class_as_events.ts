// error: Type 'typeof ChatController' is not assignable to type 'Events'
import { denoUpgrader, type Message, type NSConn, Server } from "../../../mod.ts";

class ChatController {
  constructor(readonly nsConn: NSConn) {}
  onChat(msg: Message) {
    return msg.text();
  }
}

new Server(denoUpgrader(), { chat: ChatController });
