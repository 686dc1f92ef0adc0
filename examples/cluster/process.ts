/** One process of the chat, or one worker; `main.ts` starts it. @module */

import { ChatController } from "../chat/chat_controller.ts";
import { makeApplication } from "./application.ts";
import {
  type Call,
  type ProcessState,
  ThisProcess,
} from "./cluster_controller.ts";
import { joinExchange, type Settings, Topic } from "./exchange.ts";
import { SharedHistory } from "./shared_history.ts";

// A worker has its settings in its name.
const { name, prefix, redis }: Settings = JSON.parse(
  self.name || Deno.args[0]!,
);
const exchange = await joinExchange(prefix, redis);
const history = new SharedHistory(new Topic(exchange, `${prefix}:history`));
const calls = new Topic<Call>(exchange, `${prefix}:calls`);
const states = new Topic<readonly ProcessState[]>(exchange, `${prefix}:states`);
const thisProcess = new ThisProcess(name, calls);
await states.listen((processes) => thisProcess.processes = processes);

const { router, server } = makeApplication(history, thisProcess);
const heartbeat = { interval: 1_000, timeout: 3_000 };
await server.useStackExchange(exchange, { heartbeat });
// Presence begins with the first call: the first page needs it already.
server.presence(ChatController.namespace);
await history.join();

const address = { port: 0, hostname: "127.0.0.1", onListen() {} };
const { addr } = Deno.serve(address, async (request, info) => {
  const response = await router.handler(request, info);
  // The balancer counts connections, and only websockets are to stay.
  if (response.status !== 101) response.headers.set("connection", "close");
  return response;
});
calls.publish({ name, port: addr.port });

if (redis !== undefined) {
  // The process ends with the one that has started it.
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
}
