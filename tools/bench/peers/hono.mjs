// Hono's helper for Deno, as its documentation shows it.
import { createRequire } from "node:module";
import { announce } from "./announce.mjs";
import { answer } from "./frames.mjs";

const require = createRequire(import.meta.url);
const { Hono } = require("hono");
const { upgradeWebSocket } = require("hono/deno");

const sockets = new Set();
const broadcast = (frame) => {
  for (const socket of sockets) socket.send(frame);
};

const app = new Hono();
app.get(
  "/",
  upgradeWebSocket(() => ({
    onOpen: (_event, ws) => sockets.add(ws),
    onClose: (_event, ws) => sockets.delete(ws),
    onMessage({ data }, ws) {
      answer(data, { send: (frame) => ws.send(frame), broadcast });
    },
  })),
);
Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => announce(port),
}, app.fetch);
