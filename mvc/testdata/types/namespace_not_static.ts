// error at 11:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"namespace: a class has it in a static field, write static readonly namespace"'.
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  readonly namespace = "chat";
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat() {}
}

new Application(new Router()).handleWebsocket(ChatController);
