// error at 10:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onChat: controllers of one connection take (msg); shared ones take (nsConn, msg)"'.
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat(_text: string) {}
}

new Application(new Router()).handleWebsocket(ChatController);
