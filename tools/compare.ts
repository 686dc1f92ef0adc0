/**
 * Measures the CPU time that servers of several frameworks take for an
 * acknowledged message: 20 connections with 4 asks in flight each, a text of 64
 * characters, one echo server for each framework as its documentation shows it.
 * Rounds alternate between the frameworks; the median of the rounds is printed.
 * Needs Linux, Node, npm and Go.
 *
 * ```sh
 * deno task compare --rounds=5 --messages=100000
 * ```
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { cpuSeconds } from "./bench/cpu.ts";
import { median } from "./bench/median.ts";
import { install, run } from "./interop/peer.ts";
import { readOption } from "./options.ts";

const ROUNDS = readOption("rounds", 5);
const MESSAGES = readOption("messages", 100_000);

const HERE = new URL("./compare/", import.meta.url);

/** A command: the program and its arguments. */
type Command = readonly [program: string, ...args: string[]];

/** A framework, with its server and a client for it. */
interface Framework {
  readonly name: string;
  readonly server: Command;
  /** The client; the port and the number of messages come after it. */
  readonly client: Command;
}

/** Installs the frameworks into a folder. */
async function prepare(folder: string): Promise<Framework[]> {
  await install(
    folder,
    "hono@4.13.19",
    "socket.io@4.8.4",
    "socket.io-client@4.8.4",
    "@nestjs/core@12.5.1",
    "@nestjs/common@12",
    "@nestjs/websockets@12",
    "@nestjs/platform-express@12",
    "@nestjs/platform-socket.io@12",
    "reflect-metadata",
    "rxjs",
  );
  await run("go", ["build", "-o", `${folder}/neffos`, "."], {
    cwd: new URL("go/", HERE),
  });
  const file = (path: string) => fileURLToPath(new URL(path, HERE));
  const deno = (path: string): Command => [
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    file(path),
  ];
  const modules = `${folder}/node_modules/`;
  const hono = `file://${modules}hono/dist/`;
  const ours = deno("clients/neffos.ts");
  const socketIO: Command = ["node", file("clients/socket_io.mjs"), modules];
  return [
    { name: "this module", server: deno("servers/ours.ts"), client: ours },
    {
      name: "Hono 4.13.19, plain text, no namespaces",
      server: [
        ...deno("servers/hono.ts"),
        `${hono}index.js`,
        `${hono}adapter/deno/index.js`,
      ],
      client: deno("clients/web_socket.ts"),
    },
    {
      name: "socket.io 4.8.4",
      server: ["node", file("servers/socket_io.mjs"), modules],
      client: socketIO,
    },
    {
      name: "NestJS 12.5.1 on socket.io",
      server: ["node", file("servers/nest.mjs"), modules],
      client: socketIO,
    },
    { name: "neffos v0.0.24 (Go)", server: [`${folder}/neffos`], client: ours },
  ];
}

/** A server that runs, and the CPU time of its messages. */
class Running implements AsyncDisposable {
  readonly framework: Framework;
  readonly #process: Deno.ChildProcess;
  readonly #port: string;

  private constructor(
    framework: Framework,
    process: Deno.ChildProcess,
    port: string,
  ) {
    this.framework = framework;
    this.#process = process;
    this.#port = port;
  }

  static async start(framework: Framework): Promise<Running> {
    const [program, ...args] = framework.server;
    const process = new Deno.Command(program, {
      args,
      stdout: "piped",
      stderr: "inherit",
      env: { NODE_ENV: "production" },
    }).spawn();
    const reader = process.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    const { value } = await reader.read();
    return new Running(framework, process, value!.trim());
  }

  /** Returns the CPU time for each of some messages, in microseconds. */
  async measure(messages: number): Promise<number> {
    const [program, ...args] = this.framework.client;
    const begin = await cpuSeconds(this.#process.pid);
    await run(program, [...args, this.#port, `${messages}`]);
    const end = await cpuSeconds(this.#process.pid);
    return (end - begin) / messages * 1e6;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }
}

const folder = await Deno.makeTempDir();
await using running = new AsyncDisposableStack();
running.defer(() => Deno.remove(folder, { recursive: true }));
const servers: Running[] = [];
for (const framework of await prepare(folder)) {
  servers.push(running.use(await Running.start(framework)));
}
for (const server of servers) await server.measure(MESSAGES / 5);
const rounds = new Map(servers.map((server) => [server, [] as number[]]));
for (let round = 0; round < ROUNDS; round++) {
  for (const server of servers) {
    rounds.get(server)!.push(await server.measure(MESSAGES));
  }
}
console.log("| server | CPU µs for a message | of each round |");
console.log("| --- | --- | --- |");
for (const [{ framework }, values] of rounds) {
  const each = values.map((value) => value.toFixed(1)).join(" ");
  console.log(`| ${framework.name} | ${median(values).toFixed(1)} | ${each} |`);
}
