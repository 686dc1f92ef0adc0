import {
  denoUpgrader,
  type NSConn,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  Server,
  withTimeout,
} from "../../../mod.ts";
import { namedUsers, type Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

const namespace = "default";

/** The connections of a connection's user, itself included. */
function connsOf({ id, server }: NSConn): NSConn[] {
  return server.connectionsByID(id)
    .flatMap((conn) => conn.namespace(namespace) ?? []);
}

function serve(notes: Notes): Served {
  const handler = withTimeout({
    [namespace]: {
      onNamespaceConnected(nsConn, msg) {
        notes.note(nsConn, msg);
        if (connsOf(nsConn).length === 1) notes.say(nsConn, "new");
        nsConn.emit("chat", "welcome");
      },
      onNamespaceDisconnect(nsConn, msg) {
        notes.note(nsConn, msg);
        const isLast = connsOf(nsConn).every((one) => one === nsConn);
        if (isLast) notes.say(nsConn, "gone");
      },
      chat(nsConn, msg) {
        notes.note(nsConn, msg);
        for (const one of connsOf(nsConn)) one.emit(msg.event, msg.body);
      },
    },
  }, { read: 20_000, write: 20_000 });
  const server = new Server(denoUpgrader(), handler, {
    ...namedUsers(notes),
    idGenerator: ({ remoteAddr }) => (remoteAddr as Deno.NetAddr).hostname,
  });
  return {
    handler: (request, info) => server.upgrade(request, info),
    server,
    commands: {
      tell: (body) =>
        server.broadcast(null, { namespace, event: "chat", body }),
      expel: () =>
        server.do((conn) => void conn.namespace(namespace)?.disconnect()),
    },
  };
}

/** The example of neffos that wraps connections to users. */
export const users: Port = {
  name: "neffos: wrap connections to users; Go",
  original: "users",
  serve,
  async play({ server, go }) {
    const open = async (user: string, count: number) => {
      const one = go(user, "/");
      await one.saw("chat");
      await server.saw(OnNamespaceConnected, count);
      return one;
    };
    const ann = await open("ann", 1);
    const bob = await open("bob", 2);
    const cy = await open("cy", 3);
    ann.tell("say to all; that are me");
    for (const one of [ann, bob, cy]) await one.saw("chat", 2);
    bob.tell("leave");
    await bob.saw(OnNamespaceDisconnect);
    await server.saw(OnNamespaceDisconnect);
    await bob.end();
    await server.saw("disconnected");
    server.tell("tell those who are left");
    await ann.saw("chat", 3);
    await cy.saw("chat", 3);
    server.tell("expel");
    await ann.saw(OnNamespaceDisconnect);
    await cy.saw(OnNamespaceDisconnect);
    await server.saw("gone");
    await ann.end();
    await cy.end();
    await server.saw("disconnected", 3);
  },
};
