// error at 9:38: Argument of type 'typeof ChatController' is not assignable to parameter of type '"none of its methods is a route; name one after its method and path, for instance getBy(id), or list it in static readonly routes"'.
import { Application, Router } from "../../../mod.ts";

class ChatController {
  onChat() {}
  helper() {}
}

new Application(new Router()).handle(ChatController);
