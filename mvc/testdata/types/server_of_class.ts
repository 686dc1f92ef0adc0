// error at 12:28: Argument of type 'typeof ChatController' is not assignable to parameter of type 'ConnHandler'.
//   Types of construct signatures are incompatible.
//     Type 'new (nsConn: NSConn<AnyEvents>) => ChatController' is not assignable to type 'abstract new (...args: never[]) => "is a class: write new Struct(Class)"'.
//       Type 'ChatController' is not assignable to type '"is a class: write new Struct(Class)"'.
import { denoUpgrader, NSConn, Server } from "../../../mod.ts";

class ChatController {
  constructor(readonly nsConn: NSConn) {}
  onChat() {}
}

new Server(denoUpgrader(), ChatController);
