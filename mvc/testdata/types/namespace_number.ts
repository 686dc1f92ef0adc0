// error at 11:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '["static namespace must be a string, not", 5]'.
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly namespace = 5;
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onSay() {}
}

new Application(new Router()).handleWebsocket(ChatController);
