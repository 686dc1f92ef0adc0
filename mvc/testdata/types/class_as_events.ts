// error at 13:30: Type 'typeof ChatController' is not assignable to type 'HandlerSource | Events'.
//   Type 'typeof ChatController' is not assignable to type 'Events'.
//     Index signature for type 'string' is missing in type 'typeof ChatController'.
import { denoUpgrader, type Message, type NSConn, Server } from "../../../mod.ts";

class ChatController {
  constructor(readonly nsConn: NSConn) {}
  onChat(msg: Message) {
    return msg.text();
  }
}

new Server(denoUpgrader(), { chat: ChatController });
