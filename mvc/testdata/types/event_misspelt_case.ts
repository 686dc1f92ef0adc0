// error at 10:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onNameSpaceConnected: there is no such built-in event, write onNamespaceConnected"'.
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onNameSpaceConnected() {}
}

new Application(new Router()).handleWebsocket(ChatController);
