// error at 19:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"static events has onChatt, and should name methods that handle events of its own"'.
import {
  Application,
  type Message,
  NSConn,
  Router,
  type StandardSchemaV1,
} from "../../../mod.ts";

declare const chat: StandardSchemaV1<unknown, { text: string }>;

class ChatController {
  static readonly inject = [NSConn] as const;
  static readonly events = { onChatt: chat };
  constructor(readonly nsConn: NSConn) {}
  onChat(_msg: Message<{ text: string }>) {}
}

new Application(new Router()).handleWebsocket(ChatController);
