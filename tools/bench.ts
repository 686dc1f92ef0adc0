/**
 * Measures what a message costs the server, beside a bare
 * `Deno.upgradeWebSocket` server that does the same work: `deno task bench`.
 *
 * Both servers run at once, as processes of their own, and take short turns.
 * What counts is their CPU time (from `/proc`, so Linux only) over the
 * messages handled, as the median of the turns' ratios: the bare figure alone
 * says little on a noisy machine.
 */

/** CPU ticks a second, `getconf CLK_TCK`: 100 on every Linux that Deno runs on. */
const TICKS = 100;
const ROUNDS = Number(Deno.args[0] ?? 25);
const RECEIVERS = 500;

interface Running {
  name: string;
  process: Deno.ChildProcess;
  url: string;
}

interface Work {
  name: string;
  budget: number;
  /** Does the work once and says how many messages the server sent. */
  run(sockets: WebSocket[]): Promise<number>;
  sockets: number;
}

async function start(name: string): Promise<Running> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("bench/server.ts", import.meta.url).href, name],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  const port = new TextDecoder().decode(value).trim();
  return { name, process, url: `ws://127.0.0.1:${port}/` };
}

/**
 * The CPU time of all threads: to the nanosecond where the kernel keeps it,
 * else in ticks.
 */
async function cpuSeconds({ process: { pid } }: Running): Promise<number> {
  try {
    let nanos = 0;
    for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
      const file = `/proc/${pid}/task/${name}/schedstat`;
      nanos += Number((await Deno.readTextFile(file)).split(" ")[0]);
    }
    if (nanos > 0) return nanos / 1e9;
  } catch {
    // The kernel keeps no such statistics.
  }
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
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

/** Each socket has some echoes under way until its share is done. */
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

function median(values: number[]): number {
  return at(values, 0.5);
}

function quantile(values: number[], part: number): string {
  return at(values, part).toFixed(2);
}

function at(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * part)]!;
}

/** The ratio of each round, and what a message costs in all of them. */
async function measure(work: Work, servers: Running[]) {
  const sockets = await Promise.all(
    servers.map(({ url }) => open(url, work.sockets)),
  );
  const micros: number[][] = servers.map(() => []);
  for (let round = -1; round < ROUNDS; round++) {
    // Every second round the other one begins.
    const order = servers.map((_, i) => i);
    if (round % 2) order.reverse();
    for (const i of order) {
      const before = await cpuSeconds(servers[i]!);
      const count = await work.run(sockets[i]!);
      const used = await cpuSeconds(servers[i]!) - before;
      // The first round warms up.
      if (round >= 0) micros[i]!.push(used / count * 1e6);
    }
  }
  for (const socket of sockets.flat()) socket.close();
  const [ours, theirs] = micros as [number[], number[]];
  const ratios = ours.map((value, i) => value / theirs[i]!);
  return { ours: median(ours), theirs: median(theirs), ratios };
}

const servers = await Promise.all([start("neffos"), start("bare")]);
try {
  console.log(
    "| work | ours µs | bare µs | ratio | middle half of the turns | budget |",
  );
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const work of WORKS) {
    const { ours, theirs, ratios } = await measure(work, servers);
    const figures = [
      ours.toFixed(2),
      theirs.toFixed(2),
      median(ratios).toFixed(3),
      `${quantile(ratios, 0.25)} to ${quantile(ratios, 0.75)}`,
      work.budget.toFixed(2),
    ];
    console.log(`| ${work.name} | ${figures.join(" | ")} |`);
  }
} finally {
  for (const { process } of servers) {
    process.kill();
    await process.status;
    await process.stdout.cancel();
  }
}
