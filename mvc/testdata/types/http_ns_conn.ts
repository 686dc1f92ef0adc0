// error at 12:38: Argument of type 'typeof ChatController' is not assignable to parameter of type '["inject[0] belongs to a websocket connection, which an HTTP request does not have:", typeof NSConn]'.
import { Application, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  get() {
    return this.nsConn.id;
  }
}

new Application(new Router()).handle(ChatController);
