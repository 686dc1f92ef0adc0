// error at 15:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '["inject[1] is not registered; register it earlier in this chain of calls:", Token<string>]'.
import { Application, NSConn, Router, token } from "../../../mod.ts";

const Host = token<string>("Host");
const Port = token<number>("Port");

class ChatController {
  static readonly inject = [NSConn, Host, Port] as const;
  constructor(readonly nsConn: NSConn, readonly host: string, port: number) {
    console.log(port);
  }
  onChat() {}
}

new Application(new Router()).handleWebsocket(ChatController);
