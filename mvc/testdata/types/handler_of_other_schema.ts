// error at 19:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '["onChat: its schema in static events gives", { text: string; }, "but it takes", Message<{ text: number; }>]'.
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
  static readonly events = { onChat: chat };
  constructor(readonly nsConn: NSConn) {}
  onChat(_msg: Message<{ text: number }>) {}
}

new Application(new Router()).handleWebsocket(ChatController);
