// error: HandlerMismatch<"onChat", (nsConn: NSConn<AnyEvents>, msg: Message<never>) => unknown>
import { Application, type Message, Router } from "../../../mod.ts";

class ChatController {
  onChat(_msg: Message) {}
}

new Application(new Router()).handleWebsocket(new ChatController());
