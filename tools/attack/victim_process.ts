import { fileURLToPath } from "node:url";
import { bundle } from "../interop/bundle.ts";
import { cacheFolder } from "../interop/cache.ts";
import { install } from "../interop/peer.ts";
import { installNode } from "../interop/platforms/programs.ts";
import { within } from "../interop/journal.ts";
import { DEADLINE, Peer } from "./peer.ts";
import type { TransportName } from "./victim_transport.ts";

/** The memory of the server, in bytes. */
export interface Memory {
  /** The heap, after a garbage collection. */
  readonly heap: number;
  /** The resident memory of the process. */
  readonly rss: number;
}

const VICTIM = new URL("victim.ts", import.meta.url);
/** The command in Deno, and the package `ws`. */
const IN_DENO = [
  Deno.execPath(),
  "run",
  "-A",
  "--v8-flags=--expose-gc",
  VICTIM.href,
  "npm:ws@8",
];

/** Prepares the command in Node, and the package `ws`. */
async function prepareNode(): Promise<string[]> {
  const cache = cacheFolder();
  const node = await installNode(cache, 24);
  const folder = new URL("our-victim/", cache);
  await install(fileURLToPath(folder), "ws@8");
  const ws = new URL("ws.mjs", folder);
  await Deno.writeTextFile(ws, 'export * from "ws";\n');
  return [node, "--expose-gc", await bundle(VICTIM, folder), ws.href];
}

/** The interval of the checks whether the server has recovered, in milliseconds. */
const LOOK_AFTER = 25;
const KEPT = 4_000;

/** The server under attack: a process of its own, on a free port. */
export class Victim implements AsyncDisposable {
  readonly port: number;
  readonly transport: TransportName;
  /** Its sockets without clients. */
  ownSockets = 0;
  readonly #process: Deno.ChildProcess;
  readonly #output: Promise<unknown>;
  readonly #folder: string;
  #status: Deno.CommandStatus | undefined;
  #errors = "";

  private constructor(
    process: Deno.ChildProcess,
    init: {
      port: number;
      folder: string;
      output: ReadableStream;
      transport: TransportName;
    },
  ) {
    this.#process = process;
    this.port = init.port;
    this.transport = init.transport;
    this.#folder = init.folder;
    process.status.then((status) => this.#status = status);
    this.#output = Promise.all([
      init.output.pipeTo(new WritableStream()),
      process.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
        new WritableStream({
          write: (text) => {
            this.#errors = (this.#errors + text).slice(-KEPT);
          },
        }),
      ),
    ]);
  }

  /** Starts it. Beside the folder it serves lies a file it must not serve. */
  static async start(transport: TransportName = "deno"): Promise<Victim> {
    const folder = await Deno.makeTempDir();
    await Deno.mkdir(`${folder}/public/sub`, { recursive: true });
    await Deno.writeTextFile(`${folder}/public/inside.txt`, "inside");
    await Deno.writeTextFile(`${folder}/outside.txt`, SECRET);
    const [program, ...args] = transport === "ws-node"
      ? await prepareNode()
      : IN_DENO;
    const process = new Deno.Command(program!, {
      args: [
        ...args.slice(0, -1),
        `${folder}/public`,
        transport,
        args.at(-1)!,
      ],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = process.stdout.getReader();
    const { value } = await within(reader.read(), DEADLINE, "the start");
    reader.releaseLock();
    const port = Number(new TextDecoder().decode(value));
    const victim = new Victim(process, {
      port,
      folder,
      output: process.stdout,
      transport,
    });
    victim.ownSockets = await victim.sockets();
    return victim;
  }

  /** Whether its sockets are those of the package `ws`. */
  get isWs(): boolean {
    return this.transport !== "deno";
  }

  /** Whether it runs. */
  get isAlive(): boolean {
    return this.#status === undefined;
  }

  /** Its last output to the console. */
  get errors(): string {
    return this.#errors;
  }

  /** The resident memory of the process, in bytes. */
  async rss(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.#process.pid}/status`);
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    return Number(kib) * 1024;
  }

  /** The number of its open sockets. */
  async sockets(): Promise<number> {
    const folder = `/proc/${this.#process.pid}/fd`;
    let count = 0;
    for await (const { name } of Deno.readDir(folder)) {
      try {
        const target = await Deno.readLink(`${folder}/${name}`);
        if (target.startsWith("socket:")) count++;
      } catch (error) {
        // The descriptor was closed meanwhile.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return count;
  }

  /** Measures its memory after a garbage collection. */
  async memory(): Promise<Memory & { connections: number }> {
    using peer = await Peer.connect(this.port);
    await peer.write(
      "GET /memory HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
    );
    const { status, head } = await peer.answer();
    if (status !== 200) throw new Error(`It answers ${status}: ${head}`);
    const { heap, connections } = JSON.parse(await peer.rest());
    return { heap, connections, rss: await this.rss() };
  }

  /** Whether it answers. */
  async serves(): Promise<boolean> {
    try {
      using peer = await Peer.connect(this.port);
      await peer.write(
        "GET /hello HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
      );
      await peer.answer();
      return await peer.rest() === "hello";
    } catch {
      return false;
    }
  }

  /** Polls until a condition holds or the time is up; returns the last value. */
  async settles<T>(
    look: () => Promise<T>,
    isSo: (seen: T) => boolean,
    ms: number,
  ): Promise<T> {
    const end = performance.now() + ms;
    while (true) {
      const seen = await look();
      if (isSo(seen) || performance.now() > end || !this.isAlive) return seen;
      // Another process sends no event when it changes.
      await new Promise((resolve) => setTimeout(resolve, LOOK_AFTER));
    }
  }

  /** Stops it by SIGTERM; returns whether it ended well. */
  async stop(): Promise<boolean> {
    if (this.isAlive) this.#process.kill("SIGTERM");
    const { success } = await within(
      this.#process.status,
      DEADLINE,
      "the end of the server",
    );
    await this.#output;
    return success;
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isAlive) this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#output;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** The content of the file that must not be served. */
export const SECRET = "a secret of the machine";
