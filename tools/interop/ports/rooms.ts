import {
  Application,
  denoUpgrader,
  type Message,
  NSConn,
  OnNamespaceConnected,
  OnRoomJoined,
  OnRoomLeft,
  Router,
  Server,
  websocketHandler,
} from "../../../mod.ts";
import { namedUsers, Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

class RoomsController {
  static readonly namespace = "default";
  static readonly inject = [NSConn, Notes] as const;

  constructor(readonly nsConn: NSConn, readonly notes: Notes) {}

  onNamespaceConnected(msg: Message) {
    this.notes.note(this.nsConn, msg);
  }

  onNamespaceDisconnect(msg: Message) {
    this.notes.note(this.nsConn, msg);
  }

  onRoomJoined(msg: Message) {
    this.#tell(msg, "has come into");
  }

  onRoomLeft(msg: Message) {
    this.#tell(msg, "has gone from");
  }

  onChat(msg: Message) {
    this.notes.note(this.nsConn, msg);
    this.nsConn.server.broadcast(this.nsConn, msg);
  }

  /** Tells the others of a room. */
  #tell(msg: Message, what: string) {
    this.notes.note(this.nsConn, msg);
    const { namespace, room } = msg;
    const body = `${this.nsConn} ${what} ${room}`;
    const message = { namespace, room, event: "notify", body };
    this.nsConn.server.broadcast(this.nsConn, message);
  }
}

function serve(notes: Notes): Served {
  const router = new Router();
  const app = new Application(router).register(Notes, notes);
  app.handleWebsocket(RoomsController)
    .setEventMatcher((name) => name === "onChat" ? "chat" : undefined);
  const server = new Server(denoUpgrader(), app, {
    ...namedUsers(notes),
    onConnect(conn) {
      const { wasReconnected: again, reconnectTries: tries } = conn;
      notes.say(conn, "connected", `again=${again} tries=${tries}`);
    },
  });
  router.get("/echo", websocketHandler(server));
  return { handler: router.handler, server };
}

/** The basic example of neffos: a chat with rooms. */
export const rooms: Port = {
  name: "neffos: rooms chat; Go and neffos.js",
  original: "rooms",
  serve,
  async play({ server, go, page }) {
    const ann = go("ann", "/echo");
    await server.saw(`ann ${OnNamespaceConnected}`);
    const bob = page("bob", "/echo", {
      query: {
        "X-Websocket-Header-X-Username": "bob",
        "X-Websocket-Header-X-Websocket-Reconnect": "2",
      },
    });
    await bob.saw(OnNamespaceConnected);
    await server.saw(`bob ${OnNamespaceConnected}`);
    const cy = go("cy", "/echo");
    await server.saw(`cy ${OnNamespaceConnected}`);

    ann.tell("join red; room");
    await ann.saw(OnRoomJoined);
    await server.saw(`ann ${OnRoomJoined}`);
    bob.tell("join red; room");
    await bob.saw(OnRoomJoined);
    await ann.saw("notify");
    cy.tell("join blue");
    await cy.saw(OnRoomJoined);
    await server.saw(`cy ${OnRoomJoined}`);

    ann.tell("say hello; Bob");
    await bob.saw("chat");
    bob.tell('say "hello" Ann; žluť');
    await ann.saw("chat");
    cy.tell("say nobody hears me");
    await server.saw("cy chat");

    ann.tell("leave");
    await ann.saw(OnRoomLeft);
    await bob.saw("notify");
    ann.tell("join blue");
    await ann.saw(OnRoomJoined, 2);
    await cy.saw("notify");
    cy.tell("exit");
    await ann.saw("notify", 2);
    await server.saw("cy disconnected");
    bob.tell("exit");
    await server.saw("bob disconnected");
    ann.tell("exit");
    await server.saw("ann disconnected");
  },
};
