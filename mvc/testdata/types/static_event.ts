// error: IgnoredMember<"onChat", "a method that is not static">
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  static onChat(msg: Message) {
    return msg.text();
  }
  onOther() {}
}

new Application(new Router()).handleWebsocket(ChatController);
