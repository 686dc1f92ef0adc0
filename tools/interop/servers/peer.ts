import { fileURLToPath } from "node:url";
import { bundle } from "../bundle.ts";
import { buildGo, tryScenarios } from "../go/peer.ts";
import { within } from "../journal.ts";
import { installNeffosJS, tryChat } from "../neffos_js/peer.ts";
import { type Check, install, type Peer, readLines } from "../peer.ts";
import { installBun, installNode } from "../platforms/programs.ts";
import type { Addresses } from "./host.ts";

/** How long all behaviours may take, in milliseconds. */
const LIMIT = 240_000;

/** How long a host may take to start, in milliseconds. */
const START = 20_000;

const TOOLS = new URL("../../", import.meta.url);

/** A platform with a transport. */
interface Place {
  readonly name: string;
  /** The carrier that the programs choose. */
  readonly carrier: string;
  /** Returns the program that runs JavaScript; Deno runs the sources. */
  install?(cache: URL): Promise<string>;
}

const inNode = (version: number): Place => ({
  name: `ws in Node ${version}`,
  carrier: `ws in Node ${version}`,
  install: (cache) => installNode(cache, version),
});

const PLACES: readonly Place[] = [
  { name: "ws in Deno", carrier: "ws in Deno" },
  inNode(20),
  inNode(22),
  inNode(24),
  { name: "ws in Bun", carrier: "ws in Bun", install: installBun },
  { name: "Bun.serve", carrier: "bun", install: installBun },
];

/** Our server on every transport but Deno's, with every client. */
export const servers: readonly Peer[] = PLACES.map((place) => ({
  name: `our server by ${place.name}`,
  async prepare(cache) {
    const go = await buildGo(cache);
    const neffosJS = await installNeffosJS(cache);
    const runtime = await place.install?.(cache);
    const folder = new URL("our-servers/", cache);
    await install(fileURLToPath(folder), "ws@8", "@msgpack/msgpack@3.1.3");
    // A bare name, so that Bun takes its own in the place of the package.
    const ws = await write(new URL("ws.mjs", folder), 'export * from "ws";\n');
    const programs = runtime === undefined ? undefined : {
      behaviours: await bundle(toUrl("interop/servers/program.ts"), folder),
      host: await bundle(toUrl("interop/servers/host.ts"), folder),
    };
    return async () => {
      const checks: Check[] = [];
      if (programs !== undefined) {
        const args = [programs.behaviours, ws, place.carrier];
        checks.push(...await tryBehaviours(runtime!, args));
      }
      const command = programs === undefined
        ? [Deno.execPath(), "run", "-A", toUrl("interop/servers/host.ts").href]
        : [runtime!, programs.host];
      const wsFile = programs === undefined ? "npm:ws@8" : ws;
      try {
        const start = [...command, wsFile, place.carrier];
        checks.push(...await tryClients(start, { go, neffosJS }));
      } catch (error) {
        checks.push({ name: "the servers", ok: false, note: `${error}` });
      }
      return checks;
    };
  },
}));

/** Tries the other implementations' clients with the servers of a platform. */
async function tryClients(
  command: string[],
  { go, neffosJS }: { go: string; neffosJS: string },
): Promise<Check[]> {
  await using host = await Host.start(command);
  const { port, demo } = host.addresses;
  const scenarios = await tryScenarios(go, {
    url: `ws://127.0.0.1:${port}/scenario`,
    async readLog(name) {
      const url = `http://127.0.0.1:${port}/log/${name}`;
      return await (await fetch(url)).json();
    },
  });
  const chat = await tryChat(
    neffosJS,
    `ws://127.0.0.1:${port}/chat`,
    `ws://127.0.0.1:${demo}/`,
  );
  return [
    ...scenarios.map((check) => prefix("Go", check)),
    ...chat.map((check) => prefix("neffos.js", check)),
  ];
}

function prefix(client: string, check: Check): Check {
  return { ...check, name: `${client}: ${check.name}` };
}

async function tryBehaviours(
  program: string,
  args: string[],
): Promise<Check[]> {
  const { lines, success } = await readLines<Check>(program, args, {
    timeout: LIMIT,
  });
  return [...lines, { name: "the behaviours end well", ok: success }];
}

function toUrl(file: string): URL {
  return new URL(file, TOOLS);
}

async function write(file: URL, text: string): Promise<string> {
  await Deno.writeTextFile(file, text);
  return fileURLToPath(file);
}

/** The servers of one platform, in a process of their own. */
class Host implements AsyncDisposable {
  readonly addresses: Addresses;
  readonly #process: Deno.ChildProcess;

  private constructor(process: Deno.ChildProcess, addresses: Addresses) {
    this.#process = process;
    this.addresses = addresses;
  }

  /** Starts it. */
  static async start([program, ...args]: string[]): Promise<Host> {
    const process = new Deno.Command(program!, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = process.stdout.getReader();
    const { value } = await within(reader.read(), START, "The start");
    reader.releaseLock();
    const line = new TextDecoder().decode(value);
    if (line === "") throw new Error("The servers do not start");
    // The program prints its addresses first, and nothing else.
    return new Host(process, JSON.parse(line));
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stdin.close();
    await this.#process.stdout.cancel();
    await this.#process.status;
  }
}
