// error at 11:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"static events.onSay: its schema must follow the Standard Schema specification, as those of zod, valibot and arktype do"'.
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  static readonly events = { onSay: { type: "string" } };
  constructor(readonly nsConn: NSConn) {}
  onSay(_msg: Message<string>) {}
}

new Application(new Router()).handleWebsocket(ChatController);
