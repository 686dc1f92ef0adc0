import { fileURLToPath } from "node:url";
import { RecordingTracer } from "../../../neffos/harness/tracer.ts";
import {
  denoUpgrader,
  dial,
  type EventTracing,
  traceEvents,
} from "../../../neffos/mod.ts";
import vectors from "../../../neffos/testdata/wire.json" with { type: "json" };
import { Journal, within } from "../journal.ts";
import { type Check, type Peer, readLines, run } from "../peer.ts";
import { playScenarios, serveScenarios } from "./played.ts";
import { GoServer } from "./go_server.ts";
import {
  clientHandler,
  DEADLINE,
  result,
  type Scenario,
  SCENARIOS,
} from "./scenarios.ts";

/** The version of neffos that go.mod requires. */
const VERSION = "v0.0.24";

/** The time limit of all scenarios of the Go client, in milliseconds. */
const TIMEOUT = 300_000;

/** The lines recorded from two Go peers, for each scenario. */
const VECTORS: readonly { name: string; events?: string[] }[] = vectors;

/** The Go project's client with this module's server. */
export const goClient: Peer = {
  name: `neffos ${VERSION} (Go), client`,
  async prepare(cache) {
    const program = await buildGo(cache);
    return async () => [
      ...await tryClient(program),
      summarize(await tryClient(program, { trace: makeTrace() })),
    ];
  },
};

/** The Go project's server with this module's client. */
export const goServer: Peer = {
  name: `neffos ${VERSION} (Go), server`,
  async prepare(cache) {
    const program = await buildGo(cache);
    return async () => [
      ...await tryServer(program),
      summarize(await tryServer(program, { trace: makeTrace() })),
      await tryReconnecting(program),
      await tryHeartbeat(program),
    ];
  },
};

/**
 * Builds the Go program.
 *
 * @param cache A folder that is kept from run to run.
 * @returns Its file.
 */
export async function buildGo(cache: URL): Promise<string> {
  const folder = new URL("./", import.meta.url);
  const goMod = await Deno.readTextFile(new URL("go.mod", folder));
  if (!goMod.includes(`github.com/kataras/neffos ${VERSION}\n`)) {
    throw new Error(`go.mod does not require neffos ${VERSION}`);
  }
  await Deno.mkdir(cache, { recursive: true });
  const name = Deno.build.os === "windows" ? "go-peer.exe" : "go-peer";
  const program = fileURLToPath(new URL(name, cache));
  await run("go", ["build", "-o", program, "."], {
    cwd: folder,
  });
  return program;
}

/** The line that the Go client prints for each scenario. */
interface ClientResult {
  name: string;
  lines: string[];
  error?: string;
}

/** Where the servers of the scenarios are. */
export interface ScenarioHost {
  /** The URL that the name of a scenario follows. */
  readonly url: string;
  /** Ends a server, and returns what it has seen. */
  readLog(name: string): Promise<readonly string[]>;
}

/** Options of either side that must make no difference to the other one. */
interface Tracing {
  readonly trace?: EventTracing;
}

function makeTrace(): EventTracing {
  return traceEvents(new RecordingTracer());
}

/** Makes one check of all scenarios, which were played with tracing. */
function summarize(checks: readonly Check[]): Check {
  const failed = checks.find(({ ok }) => !ok);
  return {
    name: "all of these again, where our side traces",
    ok: failed === undefined,
    note: failed && `${failed.name}: ${failed.note}`,
  };
}

async function tryClient(
  program: string,
  options: Tracing = {},
): Promise<Check[]> {
  const played = playScenarios(denoUpgrader(), options);
  const listener = serveScenarios(played);
  const checks = await tryScenarios(program, {
    url: `ws://127.0.0.1:${listener.addr.port}`,
    async readLog(name) {
      const { server, log } = played.get(name)!;
      await server.close();
      return log;
    },
  });
  await listener.shutdown();
  return checks;
}

/**
 * Plays the scenarios with the Go client.
 *
 * @param program The Go program.
 * @param host The servers.
 * @returns The results.
 */
export async function tryScenarios(
  program: string,
  { url, readLog }: ScenarioHost,
): Promise<Check[]> {
  const args = ["client", url, ...Object.keys(SCENARIOS)];
  const { lines, success } = await readLines<ClientResult>(program, args, {
    timeout: TIMEOUT,
  });
  const checks: Check[] = [];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const log = await readLog(name);
    const of = lines.find((line) => line.name === name);
    const failure = of === undefined
      ? "the Go client has not tried it"
      : of.error ?? difference(
        [...of.lines, ...log],
        expectedLines(name, scenario).map((line) =>
          scenario.otherwise?.[line] ?? line
        ),
        { isUnordered: scenario.isUnordered },
      );
    checks.push(check(name, failure, scenario.clientNote));
  }
  return [...checks, { name: "the program ends well", ok: success }];
}

async function tryServer(
  program: string,
  options: Tracing = {},
): Promise<Check[]> {
  await using server = await GoServer.start(program);
  const checks: Check[] = [];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const log = new Journal();
    const serverLog = server.journal(name);
    const expected = expectedLines(name, scenario);
    let failure: string | undefined;
    try {
      const stage = { log, serverLog, ...options };
      const playing = play(server.endpoint(name), scenario, stage);
      await within(playing, DEADLINE, "The scenario");
    } catch (error) {
      failure = result(error);
    }
    // The client is done; the server's lines may still be on their way.
    const count = expected.filter((line) => line.startsWith("server ")).length;
    await within(serverLog.grown(count), DEADLINE, "The server").catch(
      // The difference shows the missing lines.
      () => {},
    );
    failure ??= difference([...log, ...serverLog], expected);
    checks.push(check(name, failure, scenario.serverNote));
  }
  return checks;
}

/** Kills the server while the client is connected, and starts it again. */
async function tryReconnecting(program: string): Promise<Check> {
  const name = "reconnect";
  let server = await GoServer.start(program);
  const back = Promise.withResolvers<number>();
  try {
    const client = await dial(server.endpoint("ask"), { default: {} }, {
      reconnect: { initialDelay: 20, maxDelay: 100 },
      onReconnect: back.resolve,
    });
    const nsConn = await client.connect("default");
    const room = await nsConn.joinRoom("room");
    const { port } = server;
    await server.kill();
    server = await GoServer.start(program, { port });
    const tries = await within(back.promise, DEADLINE, "The return");
    const { body } = await nsConn.ask("ask", "question");
    const isBack = room.isJoined && client.namespace("default") === nsConn;
    await client.close();
    return {
      name,
      ok: isBack && body === "answer;42",
      note: `the server was killed and started again; try ${tries} was it`,
    };
  } catch (error) {
    return { name, ok: false, note: result(error) };
  } finally {
    await server.kill();
  }
}

/** How many answers to heartbeats are waited for. */
const BEATS = 20;

/** Counts what the server answers to heartbeats, and then stops it. */
async function tryHeartbeat(program: string): Promise<Check> {
  const name = "heartbeat";
  await using server = await GoServer.start(program);
  const beaten = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<number>();
  const back = Promise.withResolvers<number>();
  let count = 0;
  try {
    await using client = await dial(server.endpoint("ask"), { default: {} }, {
      heartbeat: { interval: 10, timeout: 1_000 },
      reconnect: { initialDelay: 20, maxDelay: 100 },
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols?: string | string[]) {
          super(url, protocols);
          this.addEventListener("message", ({ data }) => {
            if (/^[^;]+;{6}$/.test(data) && ++count === BEATS) beaten.resolve();
          });
        }
      },
      onClose: ({ code }) => lost.resolve(code),
      onReconnect: back.resolve,
    });
    const nsConn = await client.connect("default");
    await within(beaten.promise, DEADLINE, "The answers to heartbeats");
    const { body } = await nsConn.ask("ask", "question");
    server.stall();
    const code = await within(lost.promise, DEADLINE, "The loss");
    server.goOn();
    await within(back.promise, DEADLINE, "The return");
    return {
      name,
      ok: code === 4003 && body === "answer;42",
      note: "the server was stopped, noticed, and let go on",
    };
  } catch (error) {
    return { name, ok: false, note: result(error) };
  } finally {
    server.goOn();
  }
}

/** A WebSocket that refuses a frame whose sixth field has more than a flag. */
class UntracedWebSocket extends WebSocket {
  override send(data: string | Uint8Array<ArrayBuffer>): void {
    const text = typeof data === "string"
      ? data
      : new TextDecoder().decode(data);
    const flag = text.split(";")[5] ?? "";
    if (flag.startsWith("00")) throw new Error(`It sends the context ${flag}`);
    super.send(data);
  }
}

/** Plays a scenario with this module's client. */
async function play(
  endpoint: URL,
  scenario: Scenario,
  { log, serverLog, trace }: Tracing & { log: Journal; serverLog: Journal },
): Promise<void> {
  for (const [name, value] of Object.entries(scenario.query ?? {})) {
    endpoint.searchParams.set(name, value);
  }
  const dialling = dial(endpoint, clientHandler(scenario, log), {
    ...(scenario.headers && { headers: scenario.headers }),
    ...(scenario.codec && { bodyCodec: scenario.codec }),
    ...(trace && { trace, WebSocket: UntracedWebSocket }),
    onError: (error) => log.push(`fault: ${error}`),
  });
  const error = await dialling.then(() => undefined, (error) => error);
  if (error !== undefined) {
    log.push(`dial err=${result(error)}`);
    return;
  }
  await using client = await dialling;
  const playing = Promise.resolve(scenario.run?.({ client, log, serverLog }));
  await within(playing, DEADLINE - 1_000, "What the client does");
}

function expectedLines(name: string, { lines }: Scenario): readonly string[] {
  const vector = VECTORS.find((vector) => vector.name === name);
  const expected = lines ?? vector?.events;
  if (expected !== undefined) return expected;
  throw new Error(
    `Neither the vectors nor the scenario has lines of "${name}"`,
  );
}

function check(
  name: string,
  failure: string | undefined,
  note: string | undefined,
): Check {
  return { name, ok: failure === undefined, note: failure ?? note };
}

/** Lists the lines that differ from the expected ones, side by side. */
function difference(
  lines: readonly string[],
  expected: readonly string[],
  { isUnordered = false }: { isUnordered?: boolean | undefined } = {},
): string | undefined {
  for (const side of ["client", "server", "program"]) {
    const isOf = (line: string) =>
      (/^(client|server)(?= )/.exec(line)?.[0] ?? "program") === side;
    const actual = lines.filter(isOf);
    const wanted = expected.filter(isOf);
    if (isUnordered) {
      actual.sort();
      wanted.sort();
    }
    const length = Math.max(actual.length, wanted.length);
    for (let i = 0; i < length; i++) {
      if (actual[i] === wanted[i]) continue;
      return `line ${i + 1} of the ${side} is ${actual[i] ?? "missing"}, not ${
        wanted[i] ?? "there"
      }`;
    }
  }
  return undefined;
}
