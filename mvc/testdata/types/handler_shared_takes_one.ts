// error: HandlerMismatch<"onChat", (nsConn: NSConn<AnyEvents>, msg: Message<never>) => unknown>
import { Application, type Message, Router } from "../../../mod.ts";

class Clock {}
class ChatController {
  static readonly inject = [Clock] as const;
  constructor(readonly clock: Clock) {}
  // All connections share one ChatController.
  onChat(_msg: Message) {}
}

new Application(new Router()).singleton(Clock).handleWebsocket(ChatController);
