// error at 12:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"must be a class with a public constructor"'.
import { Application, Router } from "../../../mod.ts";

class ChatController {
  private constructor() {}
  static make() {
    return new ChatController();
  }
  onChat() {}
}

new Application(new Router()).handleWebsocket(ChatController);
