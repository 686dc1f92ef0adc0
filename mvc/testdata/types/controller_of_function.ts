// error at 11:47: Argument of type 'typeof ChatController' is not assignable to parameter of type '"onChat: shared controllers take (nsConn, msg); inject NSConn to have one for each connection, which takes (msg)"'.
import { Application, type Message, Router } from "../../../mod.ts";

function makeController(namespace: string) {
  return class ChatController {
    static readonly namespace = namespace;
    onChat(_msg: Message<number>) {}
  };
}

new Application(new Router()).handleWebsocket(makeController("chat"));
