// error at 9:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '["its constructor takes parameters; write static readonly inject = [...] as const with their tokens:", [nsConn: NSConn<AnyEvents>]]'.
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  constructor(readonly nsConn: NSConn) {}
  onChat() {}
}

new Application(new Router()).handleWebsocket(ChatController);
