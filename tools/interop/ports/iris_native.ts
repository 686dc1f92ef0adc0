import {
  denoUpgrader,
  Router,
  Server,
  websocketHandler,
} from "../../../mod.ts";
import { namedUsers, type Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

function serve(notes: Notes): Served {
  const server = new Server(denoUpgrader(), {
    onNativeMessage(nsConn, msg) {
      notes.note(nsConn, msg);
      nsConn.server.broadcast(nsConn, msg);
    },
  }, {
    ...namedUsers(notes),
    onConnect: (conn) => notes.say(conn, "connected"),
  });
  const router = new Router();
  router.get("/my_endpoint", websocketHandler(server));
  return { handler: router.handler, server };
}

/** The native messages of Iris' websocket examples. */
export const irisNative: Port = {
  name: "Iris: native messages; WebSocket",
  original: "iris-native",
  serve,
  async play({ server, plain }) {
    const open = async (user: string, count: number) => {
      const one = plain(user, "/my_endpoint");
      await one.saw("open");
      await server.saw("connected", count);
      return one;
    };
    const ann = await open("ann", 1);
    const bob = await open("bob", 2);
    const cy = await open("cy", 3);
    ann.tell('say no;event;of;neffos;"at";all');
    await bob.saw("message");
    await cy.saw("message");
    bob.tell("say žluť 日本語");
    await ann.saw("message");
    await cy.saw("message", 2);
    for (const [index, user] of [ann, bob, cy].entries()) {
      user.tell("exit");
      await server.saw("disconnected", index + 1);
    }
  },
};
