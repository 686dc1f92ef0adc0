// error at 13:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onChat is static, write it as a method"'.
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
