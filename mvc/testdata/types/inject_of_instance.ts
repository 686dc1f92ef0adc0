// error: IgnoredMember<"inject", "static readonly inject">
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  readonly inject = [NSConn] as const;
  onChat(nsConn: NSConn) {
    return nsConn.id;
  }
}

new Application(new Router()).handleWebsocket(ChatController);
