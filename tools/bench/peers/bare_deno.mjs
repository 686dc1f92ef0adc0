// `Deno.upgradeWebSocket`, and nothing on top.
import { announce } from "./announce.mjs";
import { answer } from "./frames.mjs";

const sockets = new Set();
const broadcast = (frame) => {
  for (const socket of sockets) socket.send(frame);
};

Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => announce(port),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  const replies = { send: (frame) => socket.send(frame), broadcast };
  socket.onopen = () => sockets.add(socket);
  socket.onclose = () => sockets.delete(socket);
  socket.onmessage = ({ data }) => answer(data, replies);
  return response;
});
