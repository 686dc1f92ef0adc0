/**
 * A server of this module for Node, on ws and Redis, with the modules of a folder:
 * `node on_node.mjs MODULES REDIS_PORT EXCHANGE_OPTIONS`. Prints its port.
 */

import { createRequire } from "node:module";
import process from "node:process";
import {
  type Message,
  type NSConn,
  redisExchange,
  Router,
  Server,
  websocketHandler,
  wsUpgrader,
} from "../../mod.ts";
import { serveNode } from "../../mvc/node.ts";
import { NAMESPACE } from "./frames.ts";

const [, , modules, redisPort, options] = process.argv;
const require = createRequire(modules!);
const { createClient } = require("redis");
const { WebSocketServer } = require("ws");

const upgrader = wsUpgrader(
  new WebSocketServer({ noServer: true, clientTracking: false }),
);
const server = new Server(upgrader, {
  [NAMESPACE]: {
    onTell(nsConn: NSConn, msg: Message) {
      const body = msg.text();
      const room = body.slice(0, body.indexOf(" "));
      const event = "onSay";
      nsConn.server.broadcast(null, {
        namespace: NAMESPACE,
        room,
        event,
        body,
      });
    },
  },
});
const client = createClient({ url: `redis://127.0.0.1:${redisPort}` });
await server.useStackExchange(
  redisExchange(await client.connect()),
  JSON.parse(options!),
);

const router = new Router();
router.get("/", websocketHandler(server));
const listener = await serveNode(router, { hostname: "127.0.0.1", port: 0 });
console.log(listener.addr.port);
