// error at 11:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onChat is a field or a getter, write it as a method"'.
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onHi() {}
  readonly onChat = (msg: Message) => msg.text();
}

new Application(new Router()).handleWebsocket(ChatController);
