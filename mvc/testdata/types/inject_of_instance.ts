// error at 11:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"inject: a class has it in a static field, write static readonly inject"'.
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  readonly inject = [NSConn] as const;
  onChat(nsConn: NSConn) {
    return nsConn.id;
  }
}

new Application(new Router()).handleWebsocket(ChatController);
