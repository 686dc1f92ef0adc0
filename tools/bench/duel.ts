/** Measures two servers that take turns: the CPU time of each for a message. */

import { cpuSeconds } from "./cpu.ts";
import { median } from "./median.ts";

/** The turns of each pair of servers. */
const TURNS = 8;
const RECEIVERS = 500;

/** A server of the bench: `server.ts` of a working tree, with its arguments. */
export interface Side {
  readonly tree: string;
  readonly args: readonly string[];
}

/** The microseconds for a message, and the ratio of both sides. */
export interface Comparison {
  readonly left: number;
  readonly right: number;
  readonly ratio: number;
  /** The ratio of each pair of servers. */
  readonly ratios: readonly number[];
}

interface Running {
  process: Deno.ChildProcess;
  url: string;
}

/** What clients let a server do. */
export interface Work {
  name: string;
  /** Does the work once and returns the number of messages the server sent. */
  run(sockets: WebSocket[]): Promise<number>;
  sockets: number;
}

async function start({ tree, args }: Side): Promise<Running> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tools/bench/server.ts", ...args],
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

/** Echoes with one message of each connection in flight. */
export const ECHO_ONE: Work = {
  name: "echo, one in flight",
  sockets: 16,
  run: echo(1, 2_500),
};

/** Echoes with 16 messages of each connection in flight. */
export const ECHO_MANY: Work = {
  name: "echo, 16 in flight",
  sockets: 4,
  run: echo(16, 10_000),
};

/** Broadcasts, counted by their deliveries. */
export const SHOUT: Work = {
  name: `delivery of a broadcast to ${RECEIVERS}`,
  sockets: RECEIVERS,
  run: shout,
};

/** Lets the two servers take turns; returns the microseconds for a message in each turn. */
async function takeTurns(
  work: Work,
  servers: Running[],
): Promise<{ left: number[]; right: number[] }> {
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
  return { left: micros[0]!, right: micros[1]! };
}

async function stop({ process }: Running): Promise<void> {
  process.kill();
  await process.status;
  await process.stdout.cancel();
}

/** Measures one kind of work with several fresh pairs of servers. */
export async function compare(
  work: Work,
  sides: readonly [Side, Side],
  pairs: number,
): Promise<Comparison> {
  const left: number[] = [];
  const right: number[] = [];
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 ? sides.toReversed() : sides;
    const servers = [];
    for (const side of order) servers.push(await start(side));
    if (pair % 2) servers.reverse();
    const micros = await takeTurns(work, servers);
    for (const server of servers) await stop(server);
    left.push(...micros.left);
    right.push(...micros.right);
    ratios.push(median(micros.left) / median(micros.right));
  }
  return {
    left: median(left),
    right: median(right),
    ratio: median(ratios),
    ratios,
  };
}
