import { fileURLToPath } from "node:url";
import { Journal, within } from "../journal.ts";
import { type Check, install, type Peer, run } from "../peer.ts";
import { cronjob } from "./cronjob.ts";
import { forceConnect } from "./force_connect.ts";
import { irisAuth } from "./iris_auth.ts";
import { irisJwt } from "./iris_jwt.ts";
import { irisMvc } from "./iris_mvc.ts";
import { irisNative } from "./iris_native.ts";
import { irisVisitors } from "./iris_visitors.ts";
import { native } from "./native.ts";
import { Notes } from "./notes.ts";
import { protobuf } from "./protobuf.ts";
import { quickView } from "./quick_view.ts";
import { rooms } from "./rooms.ts";
import {
  type ClientOptions,
  Participant,
  type Port,
  Program,
  type Stage,
} from "./stage.ts";
import { struct } from "./struct.ts";
import { users } from "./users.ts";

const PORTS: readonly Port[] = [
  irisJwt,
  irisMvc,
  irisAuth,
  irisVisitors,
  irisNative,
  rooms,
  forceConnect,
  struct,
  cronjob,
  users,
  protobuf,
  native,
  quickView,
];

/** The time limit of one port on one server, in milliseconds. */
const DEADLINE = 30_000;

const CLIENTS = fileURLToPath(new URL("clients.mjs", import.meta.url));

/** What the originals run on. */
interface Tools {
  /** The Go program. */
  readonly program: string;
  /** The folder with the npm packages. */
  readonly folder: string;
}

/** The logs of one run, by whose they are. */
type Logs = ReadonlyMap<string, Journal>;

/** The examples of Iris and neffos, each on the original server and on the port. */
export const ports: Peer = {
  name: "ports of the examples of Iris v12.2.11 and neffos v0.0.24",
  async prepare(cache) {
    const tools = await prepareTools(cache);
    return async () => {
      const checks: Check[] = [];
      for (const port of PORTS) checks.push(await tryPort(port, tools));
      return checks;
    };
  },
};

async function prepareTools(cache: URL): Promise<Tools> {
  await run("node", ["--version"]);
  await Deno.mkdir(cache, { recursive: true });
  const name = Deno.build.os === "windows" ? "go-ports.exe" : "go-ports";
  const program = fileURLToPath(new URL(name, cache));
  await run("go", ["build", "-o", program, "."], {
    cwd: new URL("go/", import.meta.url),
  });
  const folder = fileURLToPath(new URL("ports/", cache));
  await install(folder, "neffos.js@0.1.34", "ws@8", "protobufjs@7");
  return { program, folder };
}

async function tryPort(port: Port, tools: Tools): Promise<Check> {
  const { name, note, differences = {} } = port;
  try {
    const original = await playOriginal(port, tools);
    const ours = await playPort(port, tools);
    const failure = compare(original, ours, differences);
    const count = original.values().reduce((sum, log) => sum + log.length, 0);
    return {
      name,
      ok: failure === undefined,
      note: failure ??
        `${note ?? "same logs"} (${count} lines of ${original.size})`,
    };
  } catch (error) {
    return { name, ok: false, note: String(error) };
  }
}

/** Plays a port with the original server. */
async function playOriginal(port: Port, tools: Tools): Promise<Logs> {
  const journal = new Journal();
  let isFirst = true;
  await using program = new Program(
    [tools.program, "server", port.original],
    (line) => isFirst ? isFirst = false : journal.push(line),
  );
  const address = await within(program.started, DEADLINE, "The Go server");
  const server = new Participant(journal, program);
  return await direct(port, { ...tools, server, port: address.split(" ")[1]! });
}

/** Plays a port with this module's server. */
async function playPort(port: Port, tools: Tools): Promise<Logs> {
  const journal = new Journal();
  const { handler, server, commands, end: endRest } = await port.serve(
    new Notes(journal),
  );
  const listener = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    handler,
  );
  const end = async () => {
    await server.close();
    await listener.shutdown();
    await endRest?.();
  };
  const tell = (command: string) => {
    const [, word, rest] = /^(\S+) ?(.*)$/.exec(command)!;
    commands![word!]!(rest!);
  };
  const participant = new Participant(journal, { tell, end });
  return await direct(port, {
    ...tools,
    server: participant,
    port: `${listener.addr.port}`,
  });
}

/** Plays a port with a server, and ends every program. */
async function direct(
  port: Port,
  { server, program, folder, port: number }: Tools & {
    server: Participant;
    port: string;
  },
): Promise<Logs> {
  const logs = new Map<string, Journal>([["server", server.journal]]);
  const programs: Program[] = [];
  const start = (user: string, command: readonly [string, ...string[]]) => {
    const journal = new Journal();
    const program = new Program(command, (line) => journal.push(line));
    programs.push(program);
    logs.set(user, journal);
    return new Participant(journal, program);
  };
  const endpoint = (path: string, { query }: ClientOptions) => {
    const url = new URL(path, `ws://127.0.0.1:${number}`);
    for (const [name, value] of Object.entries(query ?? {})) {
      url.searchParams.set(name, value);
    }
    return url.href;
  };
  const open = (page: string): Stage["page"] => (user, path, options = {}) => {
    const url = endpoint(path, options);
    const headers = JSON.stringify(options.headers ?? {});
    return start(user, ["node", CLIENTS, folder, page, url, user, headers]);
  };
  const requests = new Notes(logs.getOrInsertComputed("HTTP", newJournal));
  const stage: Stage = {
    server,
    requests,
    go: (user, path, options = {}) =>
      start(user, [
        program,
        "client",
        port.original,
        endpoint(path, options),
        user,
      ]),
    page: open(port.original),
    plain: open("plain"),
    async request(what, path, init) {
      const url = new URL(path, `http://127.0.0.1:${number}`);
      const response = await fetch(url, init);
      const text = (await response.text()).trim();
      requests.say(what, "answered", response.status);
      return { headers: response.headers, text };
    },
  };
  try {
    await within(port.play(stage), DEADLINE, "The scenario").catch((error) => {
      const last = logs.entries().map(([who, log]) => `${who}: ${log.at(-1)}`);
      throw new Error(`${error.message}; ${[...last].join("; ")}`);
    });
  } finally {
    await Promise.all(programs.map((program) => program.end()));
    await server.end();
  }
  return logs;
}

function newJournal(): Journal {
  return new Journal();
}

/** Returns the first line that differs, if any. */
function compare(
  original: Logs,
  ours: Logs,
  differences: Readonly<Record<string, string>>,
): string | undefined {
  const unused = new Set(Object.keys(differences));
  const expected = nameIds(original);
  const actual = nameIds(ours);
  for (const [who, lines] of expected) {
    const wanted = lines.map((line) => {
      unused.delete(line);
      return differences[line] ?? line;
    });
    const found = actual.get(who) ?? [];
    const length = Math.max(wanted.length, found.length);
    for (let i = 0; i < length; i++) {
      if (wanted[i] === found[i]) continue;
      return `line ${i + 1} of ${who} is ${found[i] ?? "missing"}, not ${
        wanted[i] ?? "there"
      }`;
    }
  }
  const [line] = unused;
  return line === undefined ? undefined : `the original never logged ${line}`;
}

/** Gives random IDs names, by the order in which they appear. */
function nameIds(logs: Logs): Map<string, string[]> {
  const names = new Map<string, string>();
  const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  const named = (line: string) =>
    line.replaceAll(
      uuid,
      (id) => names.getOrInsertComputed(id, () => `ID ${names.size + 1}`),
    );
  return new Map(
    logs.entries().map(([who, log]) => [who, [...log].map(named)]),
  );
}
