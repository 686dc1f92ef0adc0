import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Server } = createRequire(process.argv[2])("socket.io");

const http = createServer();
const io = new Server(http);
io.on("connection", (socket) => {
  socket.on("echo", (text, callback) => callback(text));
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
