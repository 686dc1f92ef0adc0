// error at 11:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onChat: controllers of one connection take (msg); shared ones take (nsConn, msg)"'.
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  // Each connection has its own ChatController.
  onChat(_nsConn: NSConn, _msg: Message) {}
}

new Application(new Router()).handleWebsocket(ChatController);
