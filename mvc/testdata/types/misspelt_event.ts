// error: IgnoredMember<"onNamespaceDisconnected", "onNamespaceDisconnect">
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
