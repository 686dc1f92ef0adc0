// Bun's own server, and nothing on top; it publishes broadcasts itself.
import { announce } from "./announce.mjs";
import { ALL, answer } from "./frames.mjs";

/** Beyond it Bun drops messages; 16 of 64 KiB are as much as its default. */
const BACKPRESSURE = 64 * 1024 * 1024;

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request, server) {
    if (server.upgrade(request, { data: {} })) return;
    return new Response(null, { status: 400 });
  },
  websocket: {
    backpressureLimit: BACKPRESSURE,
    open(ws) {
      ws.data.send = (frame) => ws.send(frame);
      ws.data.broadcast = (frame) => server.publish(ALL, frame);
      ws.subscribe(ALL);
    },
    message: (ws, frame) => answer(frame, ws.data),
  },
});
announce(server.port);
