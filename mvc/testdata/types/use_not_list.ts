// error at 12:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '["static use should be an array of functions (nsConn, msg, next), not", (_nsConn: NSConn<AnyEvents>, _msg: Message<unknown>, next: NextEvent) => Promise<...>]'.
import { Application, NSConn, type NextEvent, Router } from "../../../mod.ts";
import type { Message } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  static readonly use = (_nsConn: NSConn, _msg: Message, next: NextEvent) => next();
  constructor(readonly nsConn: NSConn) {}
  onSay() {}
}

new Application(new Router()).handleWebsocket(ChatController);
