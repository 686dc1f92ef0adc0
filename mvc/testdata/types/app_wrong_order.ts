// error: InjectMismatch<"inject[0]"
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
