import {
  Application,
  denoUpgrader,
  EventError,
  eventTrimPrefixMatcher,
  type Message,
  NSConn,
  OnNamespaceConnected,
  Router,
  Server,
  token,
  websocketHandler,
} from "../../../mod.ts";
import { namedUsers, Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

const Ending = token<string, "Ending">("Ending");

class EchoController {
  static readonly namespace = "default";
  static readonly inject = [NSConn, Ending, Notes] as const;

  constructor(
    readonly nsConn: NSConn,
    readonly ending: string,
    readonly notes: Notes,
  ) {}

  OnChat(msg: Message) {
    this.notes.note(this.nsConn, msg);
    this.nsConn.emit("Echo", msg.text() + this.ending);
  }

  OnNamespaceConnect() {
    if (this.nsConn.id === "mallory") {
      throw new EventError(`${this.nsConn} may not come in`);
    }
  }

  OnNamespaceConnected(msg: Message) {
    this.notes.note(this.nsConn, msg);
  }

  OnNamespaceDisconnect(msg: Message) {
    this.notes.note(this.nsConn, msg);
  }
}

function serve(notes: Notes): Served {
  const router = new Router();
  const app = new Application(router)
    .register(Ending, ", and more")
    .register(Notes, notes);
  app.handleWebsocket(EchoController)
    .setTimeouts({ read: 20_000, write: 20_000 })
    .setEventMatcher(eventTrimPrefixMatcher("On"));
  const server = new Server(denoUpgrader(), app, namedUsers(notes));
  router.get("/", websocketHandler(server));
  return { handler: router.handler, server };
}

/** The struct handler of neffos: methods as events, on both sides. */
export const struct: Port = {
  name: "neffos: struct handler; Go",
  original: "struct",
  serve,
  async play({ server, go }) {
    const ann = go("ann", "/");
    await server.saw(`ann ${OnNamespaceConnected}`);
    const bob = go("bob", "/");
    await server.saw(`bob ${OnNamespaceConnected}`);
    ann.tell("say hello; from the client");
    await ann.saw("Echo");
    bob.tell("say it is Bob");
    await bob.saw("Echo");
    await go("mallory", "/").saw("refused");
    await server.saw("mallory disconnected");
    bob.tell("exit");
    await server.saw("bob disconnected");
    ann.tell("exit");
    await server.saw("ann disconnected");
  },
};
