// error at 19:20: Argument of type 'typeof ChatController' is not assignable to parameter of type '["inject[0] gives", Logger, "but the constructor takes", NSConn<AnyEvents>]'.
import { Application, type Message, NSConn, Router, token } from "../../../mod.ts";

interface Logger {
  log(text: string): void;
}
const Logger = token<Logger>("Logger");

class ChatController {
  static readonly inject = [Logger, NSConn] as const;
  constructor(readonly nsConn: NSConn, readonly logger: Logger) {}
  onChat(msg: Message) {
    this.logger.log(msg.text());
  }
}

new Application(new Router())
  .register(Logger, { log() {} })
  .handleWebsocket(ChatController);
