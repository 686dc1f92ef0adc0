// error at 14:47: Argument of type 'typeof Quiet | typeof Loud' is not assignable to parameter of type '"onChat: shared controllers take (nsConn, msg); inject NSConn to have one for each connection, which takes (msg)"'.
//   Type 'typeof Quiet' is not assignable to type '"onChat: shared controllers take (nsConn, msg); inject NSConn to have one for each connection, which takes (msg)"'.
import { Application, type Message, NSConn, Router } from "../../../mod.ts";

class Quiet {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat(_msg: Message) {}
}
class Loud {
  onChat(_msg: Message) {}
}

new Application(new Router()).handleWebsocket(Math.random() < 1 ? Quiet : Loud);
