// error at 9:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onSecond: shared controllers take (nsConn, msg); inject NSConn to have one for each connection, which takes (msg)"'.
import { Application, type Message, Router } from "../../../mod.ts";

class ChatController {
  onFirst(_msg: Message) {}
  onSecond(_msg: Message) {}
}

new Application(new Router()).handleWebsocket(ChatController);
