import {
  denoUpgrader,
  type MessageHandler,
  OnNamespaceConnected,
  Server,
} from "../../../mod.ts";
import { namedUsers, type Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

function serve(notes: Notes): Served {
  const note: MessageHandler = (nsConn, msg) => notes.note(nsConn, msg);
  const pass: MessageHandler = (nsConn, msg) => {
    const { namespace, event, isBinary } = msg;
    const body = `binary=${isBinary} ${msg.bytes().toHex()}`;
    notes.note(nsConn, { namespace, event, body });
    nsConn.server.broadcast(nsConn, msg);
  };
  const server = new Server(denoUpgrader(), {
    default: {
      onNamespaceConnected: note,
      onNamespaceDisconnect: note,
      chat: pass,
      raw: pass,
    },
  }, {
    ...namedUsers(notes),
    onConnect: (conn) => notes.say(conn, "connected"),
  });
  const handler: Served["handler"] = (request, info) =>
    server.upgrade(request, info);
  return { handler, server };
}

/** The Protocol Buffers of neffos' examples. */
export const protobuf: Port = {
  name: "neffos: protobuf; Go and neffos.js",
  original: "protobuf",
  serve,
  async play({ server, go, page }) {
    const ann = go("ann", "/echo");
    await server.saw(`ann ${OnNamespaceConnected}`);
    const bob = page("bob", "/echo", { headers: { "X-Username": "bob" } });
    await bob.saw(OnNamespaceConnected);
    await server.saw(`bob ${OnNamespaceConnected}`);
    ann.tell("say in Go; žluť 日本語");
    await bob.saw("chat");
    bob.tell("say in JavaScript; žluť 日本語");
    await ann.saw("chat");
    // Separators of the protocol, and bytes that are no text.
    ann.tell("raw 3b3b3b3b68693bff00fe");
    await bob.saw("raw");
    bob.tell("raw 3b3b3b3b3bc300ff");
    await ann.saw("raw");
    bob.tell("exit");
    await server.saw("bob disconnected");
    ann.tell("exit");
    await server.saw("ann disconnected");
  },
};
