// error: HandlerMismatch<"onChat", (msg: Message<never>) => unknown>
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat(_text: string) {}
}

new Application(new Router()).handleWebsocket(ChatController);
