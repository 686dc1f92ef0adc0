// error at 11:28: Argument of type 'typeof ChatController' is not assignable to parameter of type 'ConnHandler'.
//   Type 'typeof ChatController' is not assignable to type 'Namespaces'.
//     Index signature for type 'string' is missing in type 'typeof ChatController'.
import { denoUpgrader, NSConn, Server } from "../../../mod.ts";

class ChatController {
  constructor(readonly nsConn: NSConn) {}
  onChat() {}
}

new Server(denoUpgrader(), ChatController);
