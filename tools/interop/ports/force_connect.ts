import { denoUpgrader, OnNamespaceDisconnect, Server } from "../../../mod.ts";
import { namedUsers, type Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

function serve(notes: Notes): Served {
  const namespace = "default";
  const event = "chat";
  const server = new Server(denoUpgrader(), {
    [namespace]: {
      onNamespaceConnect: (nsConn, msg) => notes.note(nsConn, msg),
      onNamespaceConnected(nsConn, msg) {
        notes.note(nsConn, msg);
        nsConn.emit(event, "welcome");
      },
      onNamespaceDisconnect: (nsConn, msg) => notes.note(nsConn, msg),
      [event](nsConn, msg) {
        notes.note(nsConn, msg);
        nsConn.server.broadcast(nsConn, msg);
      },
    },
  }, {
    ...namedUsers(notes),
    async onConnect(conn) {
      notes.say(conn, "connected");
      const nsConn = await conn.connect(namespace);
      nsConn.emit(event, "the server has let you in");
      const body = `${conn} has come too`;
      conn.server.broadcast(conn, { namespace, event, body });
    },
  });
  return {
    handler: (request, info) => server.upgrade(request, info),
    server,
    commands: {
      tell: (body) => server.broadcast(null, { namespace, event, body }),
      expel: () => server.do((conn) => void conn.disconnectAll()),
    },
  };
}

/** The first example of neffos: the server connects its clients itself. */
export const forceConnect: Port = {
  name: "neffos: force connect; Go and neffos.js",
  original: "force-connect",
  serve,
  async play({ server, go, page }) {
    const ann = go("ann", "/");
    await ann.saw("chat", 2);
    const bob = page("bob", "/", { headers: { "X-Username": "bob" } });
    await bob.saw("chat", 2);
    await ann.saw("chat", 3);
    ann.tell("say hello; Bob");
    await bob.saw("chat", 3);
    bob.tell("say hello; Ann");
    await ann.saw("chat", 4);
    server.tell("tell a word to all; of you");
    await ann.saw("chat", 5);
    await bob.saw("chat", 4);
    bob.tell("exit");
    await server.saw("bob disconnected");
    server.tell("expel");
    await ann.saw(OnNamespaceDisconnect);
    await server.saw(`ann ${OnNamespaceDisconnect}`);
    ann.tell("exit");
    await server.saw("ann disconnected");
  },
};
