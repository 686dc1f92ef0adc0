// error: HandlerMismatch<"onRoomJoin", (msg: Message<never>) => unknown>
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class Session {}
class ChatController {
  static readonly inject = [Session] as const;
  constructor(readonly session: Session) {}
  onRoomJoin(_nsConn: NSConn, _msg: Message) {}
}

new Application(new Router()).scoped(Session).handleWebsocket(ChatController);
