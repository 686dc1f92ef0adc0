/**
 * Sends texts to the members on all servers by node-redis, without a framework:
 * `deno run -A bare_on_deno.ts REDIS_PORT`. Prints its port.
 */

import { importPackage } from "../../neffos/harness/brokers.ts";

const [redisPort] = Deno.args;
const { createClient } = await importPackage("redis@5");

const publisher = createClient({ url: `redis://127.0.0.1:${redisPort}` });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const members = new Set<WebSocket>();
const own = `${Deno.pid}:`;
const deliver = (text: string) => {
  for (const member of members) member.send(text);
};
await subscriber.subscribe("bare", (data: string) => {
  if (!data.startsWith(own)) deliver(data.slice(data.indexOf(":") + 1));
});

Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(port),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => {
    if (data === "join") {
      members.add(socket);
      socket.send("joined");
      return;
    }
    deliver(data);
    void publisher.publish("bare", own + data);
  };
  socket.onclose = () => members.delete(socket);
  return response;
});
