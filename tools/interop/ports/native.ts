import { denoUpgrader, Server } from "../../../mod.ts";
import { namedUsers, type Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

function serve(notes: Notes): Served {
  const server = new Server(denoUpgrader(), {
    onNativeMessage(nsConn, msg) {
      notes.note(nsConn, msg);
      nsConn.conn.write({ body: "pong", isNative: true });
    },
  }, namedUsers(notes));
  const handler: Served["handler"] = (request, info) =>
    server.upgrade(request, info);
  return { handler, server };
}

/** The native messages of neffos' examples. */
export const native: Port = {
  name: "neffos: native; Go and WebSocket",
  original: "native",
  serve,
  differences: {
    'bob close ns="" room="" body="1006"':
      'bob close ns="" room="" body="1000"',
  },
  note: "gobwas ends TCP without the close frame that RFC 6455 wants",
  async play({ server, go, plain }) {
    const ann = go("ann", "/endpoint");
    const bob = plain("bob", "/endpoint", { headers: { "X-Username": "bob" } });
    await bob.saw("open");
    ann.tell("say ping");
    await ann.saw("_OnNativeMessage");
    bob.tell("say ping;from;a;page;;;;");
    await bob.saw("message");
    bob.tell("exit");
    await server.saw("bob disconnected");
    ann.tell("exit");
    await server.saw("ann disconnected");
  },
};
