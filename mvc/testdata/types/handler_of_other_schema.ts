// error: HandlerMismatch<"onChat", (msg: Message<{ text: string; }>) => unknown>
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
