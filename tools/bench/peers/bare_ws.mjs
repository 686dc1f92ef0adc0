// The package ws on node:http, and nothing on top: `bare_ws.mjs [corked]`. Corked,
// what is sent in one turn of the event loop goes out in one write.
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { announce } from "./announce.mjs";
import { answer } from "./frames.mjs";

const require = createRequire(import.meta.url);
const { WebSocketServer } = require("ws");

const isCorked = process.argv[2] === "corked";
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });

function send(ws, data) {
  if (isCorked) cork(ws._socket);
  ws.send(data, { binary: false });
}

function cork(socket) {
  if (socket.writableCorked > 0) return;
  socket.cork();
  process.nextTick(() => socket.uncork());
}

const broadcast = (frame) => {
  const data = Buffer.from(frame);
  for (const ws of server.clients) send(ws, data);
};

server.on("connection", (ws) => {
  const replies = { send: (frame) => send(ws, frame), broadcast };
  ws.on("error", () => {});
  ws.on("message", (data) => answer(data.toString(), replies));
});
http.listen(0, "127.0.0.1", () => announce(http.address().port));
