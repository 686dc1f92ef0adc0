// The handlers of socket.io, the same on Node and Bun.
import { createRequire } from "node:module";
import { BURST } from "./frames.mjs";

const require = createRequire(import.meta.url);
const { Server } = require("socket.io");

export function makeServer() {
  const io = new Server();
  io.on("connection", (socket) => {
    socket.on("echo", (text) => socket.emit("echo", text));
    socket.on("shout", (text) => io.emit("shout", text));
    socket.on("burst", (text) => {
      for (let i = 0; i < BURST; i++) io.emit("burst", text);
    });
  });
  return io;
}
