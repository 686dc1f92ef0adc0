/**
 * An application with one of everything, as a document of AsyncAPI.
 *
 * @module
 */

import { z } from "npm:zod@4";
import {
  Application,
  asyncapi,
  type AsyncApiDocument,
  denoUpgrader,
  type Message,
  type NSConn,
  Router,
  Server,
  websocketHandler,
} from "../../mod.ts";

/** A schema that refers to itself. */
const Tree = z.object({
  name: z.string(),
  get branches() {
    return z.array(Tree);
  },
});

class ChatController {
  static readonly namespace = "chat";
  static readonly events = {
    onSay: z.object({ room: z.string(), text: z.string().min(1) }),
    onGrow: Tree,
    onWhen: z.object({ at: z.date() }),
  };
  static readonly answers = { onSay: z.int() };
  static readonly emits = { onSay: z.object({ from: z.string() }) };
  onSay(_nsConn: NSConn, _msg: Message<{ room: string; text: string }>) {
    return 1;
  }
  onGrow(_nsConn: NSConn, _msg: Message<z.infer<typeof Tree>>) {}
  onWhen(_nsConn: NSConn, _msg: Message<{ at: Date }>) {}
}

class AnyController {
  onAnyEvent() {}
  onNativeMessage() {}
}

class LobbyController {
  static readonly namespace = "the lobby, upstairs";
  onJoin() {}
}

/** Makes the document of an application with one of everything. */
export async function makeDocument(): Promise<AsyncApiDocument> {
  const router = new Router();
  const app = new Application(router.party("/rooms/:room/:seat(\\d+)?/chat"));
  app.handleWebsocket(ChatController);
  app.handleWebsocket(AnyController);
  app.handleWebsocket(LobbyController);
  await using server = new Server(denoUpgrader(), app);
  app.router.get("/", websocketHandler(server));
  app.router.get("/again", websocketHandler(server));
  return asyncapi(app, {
    title: "Chat",
    version: "1.0.0",
    description: "All that is *said*.",
    servers: { main: "wss://chat.example.com/v1", local: "ws://[::1]:8080" },
  });
}
