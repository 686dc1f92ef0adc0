/**
 * Sends texts to the members on all servers by ws and node-redis, without a
 * framework: `node bare_on_node.mjs MODULES REDIS_PORT`. Prints its port.
 */

import { createServer } from "node:http";
import { createRequire } from "node:module";

const [, , modules, redisPort] = process.argv;
const require = createRequire(modules);
const { createClient } = require("redis");
const { WebSocketServer } = require("ws");

const publisher = createClient({ url: `redis://127.0.0.1:${redisPort}` });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const members = new Set();
const own = `${process.pid}:`;
const deliver = (text) => {
  for (const member of members) member.send(text);
};
await subscriber.subscribe("bare", (data) => {
  if (!data.startsWith(own)) deliver(data.slice(data.indexOf(":") + 1));
});

const http = createServer();
const server = new WebSocketServer({ server: http, clientTracking: false });
server.on("connection", (socket) => {
  socket.on("message", (data) => {
    const text = data.toString();
    if (text === "join") {
      members.add(socket);
      socket.send("joined");
      return;
    }
    deliver(text);
    void publisher.publish("bare", own + text);
  });
  socket.on("close", () => members.delete(socket));
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
