/**
 * Three processes of the chat behind one broker, and a balancer in front of
 * them: `deno run -A examples/cluster/main.ts`.
 *
 * @module
 */

import { memoryExchange } from "@neffos/mvc";
import { explainIfAsked, listen } from "../_shared/serve.ts";
import { stopOnSignal } from "../_shared/signals.ts";
import { leadConnection, type Target } from "./balancer.ts";
import { makeApplication } from "./application.ts";
import {
  type Call,
  type ProcessState,
  ThisProcess,
} from "./cluster_controller.ts";
import { joinExchange, type Settings, Topic } from "./exchange.ts";
import { SharedHistory } from "./shared_history.ts";

/** The time between the end of a process and its next start, in milliseconds. */
const PAUSE = 3_000;

const MODULE = new URL("process.ts", import.meta.url).href;

/** A process or a worker. */
interface Running {
  readonly ended: Promise<unknown>;
  kill(): void;
}

function startProcess(settings: Settings): Running {
  const flags = ["--no-prompt", "--allow-net", "--allow-read", "--allow-env"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, MODULE, JSON.stringify(settings)],
    stdin: "piped", // it ends when this is closed
  }).spawn();
  return { ended: child.status, kill: () => child.kill("SIGKILL") };
}

function startWorker(settings: Settings): Running {
  const name = JSON.stringify(settings);
  const worker = new Worker(MODULE, { type: "module", name });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  return { ended, kill: () => resolve(worker.terminate()) };
}

explainIfAsked(() => {
  // What each process serves; nothing is said over this topic.
  const topic = new Topic<never>(memoryExchange(), "");
  const thisProcess = new ThisProcess("", topic);
  return makeApplication(new SharedHistory(topic), thisProcess).app;
});

const url = Deno.env.get("REDIS_URL") ?? "redis://127.0.0.1:6379";
const prefix = `cluster-${crypto.randomUUID()}`;
let redis: string | undefined = url;
const exchange = await joinExchange(prefix, url).catch(() => {
  redis = undefined;
  return joinExchange(prefix);
});
const kind = redis === undefined ? "Worker" : "Process";
const names = [1, 2, 3].map((number) => `${kind} ${number}`);
const running = new Map<string, Running>();
const targets = new Map<string, Target>();

const states = new Topic<readonly ProcessState[]>(exchange, `${prefix}:states`);
function tellStates(): void {
  states.publish(
    names.map((name) => ({ name, isRunning: targets.has(name) })),
  );
}

async function keepRunning(name: string): Promise<never> {
  while (true) {
    const settings = { name, prefix, redis };
    const process = redis ? startProcess(settings) : startWorker(settings);
    running.set(name, process);
    await process.ended;
    running.delete(name);
    targets.delete(name);
    tellStates();
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

const ready = Promise.withResolvers<void>();
await new Topic<Call>(exchange, `${prefix}:calls`).listen((call) => {
  if ("kill" in call) {
    running.get(call.kill)?.kill();
    running.delete(call.kill);
    return;
  }
  targets.set(call.name, { ...call, count: 0 });
  tellStates();
  if (targets.size === names.length) ready.resolve();
});
for (const name of names) void keepRunning(name);
await ready.promise;

const hint = redis === undefined
  ? `Redis does not answer at ${url}: three workers, joined without it.`
  : `Three processes, joined by ${url}.`;
const listener = await listen(
  (address) => Deno.listen(address),
  `${hint} Open it in two windows, and kill the process of one.`,
);
stopOnSignal(() => Promise.resolve(listener.close()));
for await (const client of listener) {
  leadConnection(client, targets.values()).catch(() => {});
}
