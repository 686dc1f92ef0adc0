// error at 13:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"static Namespace would be ignored: its name is namespace"'.
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly Namespace = "chat";
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat(msg: Message) {
    return msg.text();
  }
}

new Application(new Router()).handleWebsocket(ChatController);
