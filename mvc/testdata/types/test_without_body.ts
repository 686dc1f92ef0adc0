// error at 14:21: Type 'typeof ChatController' has no properties in common with type 'ConnectTestOptions<AnyEvents>'.
// note: The call would have succeeded against this implementation, but implementation signatures of overloads are not externally visible.
import { type Message, NSConn, type Server } from "../../../mod.ts";
import { connectTest } from "../../testing/mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onNamespaceConnect(_msg: Message<{ token: string }>) {}
  onSay() {}
}
declare const server: Server;

connectTest(server, ChatController);
