// error: HandlerMismatch<"onChat", (msg: Message<never>) => unknown>
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  // Each connection has its own ChatController.
  onChat(_nsConn: NSConn, _msg: Message) {}
}

new Application(new Router()).handleWebsocket(ChatController);
