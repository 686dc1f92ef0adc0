// error at 11:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '["static use should be an array of functions (nsConn, msg, next), not", ((_ctx: Context<Record<string, string>>, next: Next) => Promise<Response>)[]]'.
import { Application, type Context, type Next, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  static readonly use = [(_ctx: Context, next: Next) => next()];
  constructor(readonly nsConn: NSConn) {}
  onSay() {}
}

new Application(new Router()).handleWebsocket(ChatController);
