// error at 12:56: Argument of type 'typeof ChatController' is not assignable to parameter of type 'ConnHandler'.
//   Types of construct signatures are incompatible.
//     Type 'new (nsConn: NSConn<AnyEvents>) => ChatController' is not assignable to type 'abstract new (...args: never[]) => "is a class: write new Struct(Class)"'.
//       Type 'ChatController' is not assignable to type '"is a class: write new Struct(Class)"'.
import { joinConnHandlers, type NSConn } from "../../../mod.ts";

class ChatController {
  constructor(readonly nsConn: NSConn) {}
  onChat() {}
}

joinConnHandlers({ status: { onPing: () => "pong" } }, ChatController);
