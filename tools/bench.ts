/**
 * Measures the server's cost of a message beside a bare `Deno.upgradeWebSocket`
 * server that does the same work: `deno task bench`.
 *
 * Both servers run at once, as processes of their own, and take short turns.
 * The result is the ratio of their CPU time (from `/proc`, so Linux only) for
 * each message: the median, over several pairs of servers, of the ratio of their
 * medians. An absolute time says little on a noisy machine.
 *
 * `deno task bench --pairs=12 --against=DIR` compares with the server of another
 * working tree instead, such as the one of an earlier commit.
 */

import { cpuSeconds } from "./bench/cpu.ts";
import { median } from "./bench/median.ts";
import { readOption, readText } from "./options.ts";

/** Fresh pairs of servers: the layout of their memory alone makes a few percent. */
const PAIRS = readOption("pairs", 6);
/** The working tree to compare with. */
const TREE = readText("against");
const HERE = new URL("..", import.meta.url).pathname;
const SERVERS = [
  { name: "ours", tree: HERE, kind: "neffos" },
  TREE === undefined
    ? { name: "bare", tree: HERE, kind: "bare" }
    : { name: "theirs", tree: TREE, kind: "neffos" },
];
/** The turns of each pair of servers. */
const TURNS = 8;
const RECEIVERS = 500;

interface Running {
  process: Deno.ChildProcess;
  url: string;
}

interface Work {
  name: string;
  budget: number;
  /** Does the work once and returns the number of messages the server sent. */
  run(sockets: WebSocket[]): Promise<number>;
  sockets: number;
}

async function start({ tree, kind }: typeof SERVERS[number]): Promise<Running> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tools/bench/server.ts", kind],
    cwd: tree,
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  const port = new TextDecoder().decode(value).trim();
  return { process, url: `ws://127.0.0.1:${port}/` };
}

/** Opens sockets that are connected to the namespace. */
function open(url: string, count: number): Promise<WebSocket[]> {
  return Promise.all(Array.from({ length: count }, async () => {
    const socket = new WebSocket(url);
    await next(socket, "open");
    socket.send("M");
    await next(socket, "message");
    socket.send("$1;default;;_OnNamespaceConnect;0;0;");
    await next(socket, "message");
    return socket;
  }));
}

function next(socket: WebSocket, type: string): Promise<Event> {
  return new Promise((resolve) =>
    socket.addEventListener(type, resolve, { once: true })
  );
}

/** Keeps some echoes of each socket in flight until its share is done. */
function echo(inFlight: number, each: number): Work["run"] {
  return async (sockets) => {
    await Promise.all(sockets.map((socket) =>
      new Promise<void>((resolve) => {
        let sent = 0;
        let received = 0;
        const send = () => {
          if (sent < each) socket.send(`;default;;onEcho;0;0;hello ${sent++}`);
        };
        socket.onmessage = () => {
          if (++received === each) resolve();
          else send();
        };
        for (let i = 0; i < inFlight; i++) send();
      })
    ));
    return sockets.length * each;
  };
}

async function shout(sockets: WebSocket[]): Promise<number> {
  const times = 100;
  let received = 0;
  let done = () => {};
  for (const socket of sockets) {
    socket.onmessage = () => {
      if (++received === sockets.length) done();
    };
  }
  for (let i = 0; i < times; i++) {
    received = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    done = resolve;
    sockets[0]!.send(`;default;;onShout;0;0;hello ${i}`);
    await promise;
  }
  return sockets.length * times;
}

const WORKS: Work[] = [
  {
    name: "echo, one in flight",
    budget: 1.1,
    sockets: 16,
    run: echo(1, 2_500),
  },
  {
    name: "echo, 16 in flight",
    budget: 1.1,
    sockets: 4,
    run: echo(16, 10_000),
  },
  {
    name: `delivery of a broadcast to ${RECEIVERS}`,
    budget: 1.05,
    sockets: RECEIVERS,
    run: shout,
  },
];

/** Lets the two servers take turns; returns the microseconds for a message in each turn. */
async function takeTurns(
  work: Work,
  servers: Running[],
): Promise<{ ours: number[]; theirs: number[] }> {
  const sockets = await Promise.all(
    servers.map(({ url }) => open(url, work.sockets)),
  );
  const micros: number[][] = servers.map(() => []);
  for (let turn = -1; turn < TURNS; turn++) {
    // The other server goes first every second time.
    const order = turn % 2 ? [1, 0] : [0, 1];
    for (const i of order) {
      const before = await cpuSeconds(servers[i]!.process.pid);
      const count = await work.run(sockets[i]!);
      const used = await cpuSeconds(servers[i]!.process.pid) - before;
      // The first turn warms up.
      if (turn >= 0) micros[i]!.push(used / count * 1e6);
    }
  }
  for (const socket of sockets.flat()) socket.close();
  return { ours: micros[0]!, theirs: micros[1]! };
}

async function stop({ process }: Running): Promise<void> {
  process.kill();
  await process.status;
  await process.stdout.cancel();
}

/** Measures one kind of work with several pairs of servers. */
async function measure(work: Work): Promise<string[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const order = pair % 2 ? SERVERS.toReversed() : SERVERS;
    const servers = [];
    for (const server of order) servers.push(await start(server));
    if (pair % 2) servers.reverse();
    const micros = await takeTurns(work, servers);
    for (const server of servers) await stop(server);
    ours.push(...micros.ours);
    theirs.push(...micros.theirs);
    ratios.push(median(micros.ours) / median(micros.theirs));
  }
  return [
    median(ours).toFixed(2),
    median(theirs).toFixed(2),
    median(ratios).toFixed(3),
    ratios.map((ratio) => ratio.toFixed(2)).join(" "),
    TREE === undefined ? work.budget.toFixed(2) : "",
  ];
}

const [ours, theirs] = SERVERS.map(({ name }) => name);
console.log(
  `| work | ${ours} µs | ${theirs} µs | ratio | of each pair | budget |`,
);
console.log("| --- | --- | --- | --- | --- | --- |");
for (const work of WORKS) {
  console.log(`| ${work.name} | ${(await measure(work)).join(" | ")} |`);
}
