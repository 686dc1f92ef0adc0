// With the engine that socket.io has for Bun.
import { createRequire } from "node:module";
import { announce } from "./announce.mjs";
import { makeServer } from "./socket_io.mjs";

const require = createRequire(import.meta.url);
const { Server: Engine } = require("@socket.io/bun-engine");

const engine = new Engine({ path: "/socket.io/" });
makeServer().bind(engine);
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  ...engine.handler(),
});
announce(server.port);
