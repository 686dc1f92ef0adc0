// error: InjectMissing<[nsConn: NSConn<AnyEvents>]>
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  constructor(readonly nsConn: NSConn) {}
  onChat() {}
}

new Application(new Router()).handleWebsocket(ChatController);
