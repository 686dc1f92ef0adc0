// error at 12:64: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onChat: shared controllers take (nsConn, msg); inject NSConn to have one for each connection, which takes (msg)"'.
import { Application, type Message, Router } from "../../../mod.ts";

class Clock {}
class ChatController {
  static readonly inject = [Clock] as const;
  constructor(readonly clock: Clock) {}
  // All connections share one ChatController.
  onChat(_msg: Message) {}
}

new Application(new Router()).singleton(Clock).handleWebsocket(ChatController);
