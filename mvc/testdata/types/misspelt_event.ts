// error at 13:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onNamespaceDisconnected: there is no such built-in event, write onNamespaceDisconnect"'.
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat(msg: Message) {
    return msg.text();
  }
  onNamespaceDisconnected(_msg: Message) {}
}

new Application(new Router()).handleWebsocket(ChatController);
