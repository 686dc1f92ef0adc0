// error at 10:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onSay: shared controllers take (nsConn, msg); inject NSConn to have one for each connection, which takes (msg)"'.
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class ChatController {
  onSay(msg: Message, nsConn: NSConn) {
    return nsConn.id + msg.text();
  }
}

new Application(new Router()).handleWebsocket(ChatController);
