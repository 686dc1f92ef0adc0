// error at 11:63: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onRoomJoin: controllers of one connection take (msg); shared ones take (nsConn, msg)"'.
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class Session {}
class ChatController {
  static readonly inject = [Session] as const;
  constructor(readonly session: Session) {}
  onRoomJoin(_nsConn: NSConn, _msg: Message) {}
}

new Application(new Router()).scoped(Session).handleWebsocket(ChatController);
