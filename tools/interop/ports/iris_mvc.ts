import {
  Application,
  Context,
  denoUpgrader,
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

interface Logger {
  log(text: string): void;
}
const Logger = token<Logger>("Logger");

/** How many are here. */
class Visits {
  count = 0;
}

class VisitController {
  static readonly namespace = "default";
  static readonly inject = [NSConn, Context, Logger, Visits, Notes] as const;

  constructor(
    readonly nsConn: NSConn,
    readonly context: Context,
    readonly logger: Logger,
    readonly visits: Visits,
    readonly notes: Notes,
  ) {}

  OnNamespaceConnected() {
    this.logger.log("connected");
    this.nsConn.broadcast("OnVisit", ++this.visits.count);
  }

  OnNamespaceDisconnect() {
    this.logger.log("left");
    this.nsConn.broadcast("OnVisit", --this.visits.count);
  }

  OnChat(msg: Message) {
    const text = `${msg.text()} from ${this.context.remoteIp}`;
    this.notes.say(this.nsConn, "chat", text);
    this.nsConn.server.broadcast(this.nsConn, msg);
  }
}

function serve(notes: Notes): Served {
  const router = new Router();
  const app = new Application(router.party("/websocket"))
    .register(Logger, { log: (text) => notes.say("DEV", text) })
    .register(Notes, notes)
    .singleton(Visits);
  app.handleWebsocket(VisitController);
  const server = new Server(denoUpgrader(), app, namedUsers(notes));
  app.router.get("/", websocketHandler(server));
  return { handler: router.handler, server };
}

/** The websocket controller of Iris' MVC examples. */
export const irisMvc: Port = {
  name: "Iris: MVC websocket; neffos.js",
  original: "iris-mvc",
  serve,
  async play({ server, page }) {
    const ann = page("ann", "/websocket");
    await ann.saw(OnNamespaceConnected);
    await ann.saw("OnVisit");
    const bob = page("bob", "/websocket");
    await bob.saw(OnNamespaceConnected);
    await bob.saw("OnVisit");
    await ann.saw("OnVisit", 2);
    ann.tell("say one; two");
    await bob.saw("OnChat");
    bob.tell("say three");
    await ann.saw("OnChat");
    bob.tell("exit");
    await ann.saw("OnVisit", 3);
    await server.saw("disconnected");
    ann.tell("exit");
    await server.saw("disconnected", 2);
  },
};
