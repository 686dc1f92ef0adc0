// error at 14:30: Type 'typeof ChatController' is not assignable to type 'Events | HandlerSource | BareClass'.
//   Types of construct signatures are incompatible.
//     Type 'new (nsConn: NSConn<AnyEvents>) => ChatController' is not assignable to type 'abstract new (...args: never[]) => "is a class: write new Struct(Class)"'.
//       Type 'ChatController' is not assignable to type '"is a class: write new Struct(Class)"'.
import { denoUpgrader, type Message, type NSConn, Server } from "../../../mod.ts";

class ChatController {
  constructor(readonly nsConn: NSConn) {}
  onChat(msg: Message) {
    return msg.text();
  }
}

new Server(denoUpgrader(), { chat: ChatController });
