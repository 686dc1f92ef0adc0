import {
  Application,
  denoUpgrader,
  type Message,
  type NSConn,
  Router,
  Server,
  websocketHandler,
} from "../../../mod.ts";
import { namedUsers, Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

/** How many look at each page: a room of its name. */
class VisitorController {
  static readonly namespace = "default";
  static readonly inject = [Notes] as const;
  readonly #views = new Map<string, number>();

  constructor(readonly notes: Notes) {}

  onRoomJoined(nsConn: NSConn, msg: Message) {
    this.#count(nsConn, msg, 1);
  }

  onRoomLeft(nsConn: NSConn, msg: Message) {
    this.#count(nsConn, msg, -1);
  }

  #count(nsConn: NSConn, msg: Message, by: number) {
    this.notes.note(nsConn, msg);
    const { namespace, room } = msg;
    const body = (this.#views.get(room) ?? 0) + by;
    this.#views.set(room, body);
    const message = { namespace, room, event: "onNewVisit", body };
    nsConn.server.broadcast(null, message);
  }
}

function serve(notes: Notes): Served {
  const router = new Router();
  const app = new Application(router).register(Notes, notes);
  app.handleWebsocket(VisitorController);
  const server = new Server(denoUpgrader(), app, namedUsers(notes));
  router.get("/my_endpoint", websocketHandler(server));
  return { handler: router.handler, server };
}

/** The online visitors of Iris' websocket examples. */
export const irisVisitors: Port = {
  name: "Iris: online visitors; neffos.js",
  original: "iris-visitors",
  serve,
  async play({ server, page }) {
    const open = (user: string, path: string) =>
      page(user, "/my_endpoint", { query: { page: path } });
    const ann = open("ann", "index page");
    await ann.saw("onNewVisit");
    const bob = open("bob", "index page");
    await bob.saw("onNewVisit");
    await ann.saw("onNewVisit", 2);
    const cy = open("cy", "other; page");
    await cy.saw("onNewVisit");
    bob.tell("exit");
    await ann.saw("onNewVisit", 3);
    await server.saw("disconnected");
    cy.tell("exit");
    await server.saw("disconnected", 2);
    ann.tell("exit");
    await server.saw("disconnected", 3);
  },
};
