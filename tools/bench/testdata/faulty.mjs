// A server that does its work wrongly: `faulty.mjs FAULT`.
import process from "node:process";
import { announce } from "../peers/announce.mjs";
import { answer } from "../peers/frames.mjs";

/** The short echo from which on `loses` and `garbles` are at fault: past what is checked first. */
const LATE = 10;
const SHORT = 40;

const fault = process.argv[2];
if (fault === "dies") throw new Error("It cannot start");

let echoes = 0;
const sockets = new Set();
const broadcast = (frame) => {
  for (const socket of sockets) socket.send(frame);
  if (fault === "repeats") for (const socket of sockets) socket.send(frame);
};

function send(socket, frame) {
  if (frame.includes(";onEcho;")) {
    if (fault === "shouts") frame = frame.toUpperCase();
    if (frame.length < SHORT) echoes++;
    if (echoes > LATE && fault === "loses") return;
    if (echoes > LATE && fault === "garbles") frame = frame.replace("x", "y");
  }
  socket.send(frame);
}

Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => announce(port),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => sockets.add(socket);
  socket.onclose = () => sockets.delete(socket);
  const replies = { send: (frame) => send(socket, frame), broadcast };
  socket.onmessage = ({ data }) => answer(data, replies);
  return response;
});
