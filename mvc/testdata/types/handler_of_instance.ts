// error at 8:47: Argument of type 'ChatController' is not assignable to parameter of type '"onChat: shared controllers take (nsConn, msg), and an instance is shared"'.
import { Application, type Message, Router } from "../../../mod.ts";

class ChatController {
  onChat(_msg: Message) {}
}

new Application(new Router()).handleWebsocket(new ChatController());
