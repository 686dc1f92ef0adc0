// error: is not assignable to parameter of type 'NotRegistered<typeof NSConn>'
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  get() {
    return this.nsConn.id;
  }
}

new Application(new Router()).handle(ChatController);
