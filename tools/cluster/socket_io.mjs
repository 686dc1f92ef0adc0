import { createServer } from "node:http";
import { createRequire } from "node:module";

const [, , modules, redisPort] = process.argv;
const require = createRequire(modules);
const { Server } = require("socket.io");
const { createAdapter } = require("@socket.io/redis-adapter");
const { createClient } = require("redis");

const publisher = createClient({ url: `redis://127.0.0.1:${redisPort}` });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, { adapter: createAdapter(publisher, subscriber) });
io.on("connection", (socket) => {
  socket.on("join", async (room, callback) => {
    await socket.join(room);
    callback();
  });
  socket.on("say", (room, text) => io.to(room).emit("say", text));
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
