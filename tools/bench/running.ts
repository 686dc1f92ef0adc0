import { raiseLimit } from "../soak/child.ts";
import { readLines } from "../soak/commands.ts";
import { rssOf } from "../soak/system.ts";
import { within } from "../soak/within.ts";
import { cpuSeconds, listFamily } from "../soak/cpu.ts";

/** How long a server may take to start, in milliseconds. */
const PATIENCE = 30_000;
/** The length of what a server has said that an error shows. */
const MAX_EXCUSE = 300;

/** How a server is started. */
export interface Command {
  readonly args: readonly string[];
  readonly cwd?: string;
}

/** The memory of a server after a garbage collection, in bytes. */
export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

/** A server in a process of its own. */
export class RunningServer implements AsyncDisposable {
  readonly port: number;
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string, void>;
  readonly #family: readonly number[];

  private constructor(
    process: Deno.ChildProcess,
    { port, lines, family }: {
      port: number;
      lines: AsyncGenerator<string, void>;
      family: number[];
    },
  ) {
    this.#process = process;
    this.port = port;
    this.#lines = lines;
    this.#family = family;
  }

  /**
   * Starts a server, which prints its port.
   *
   * @param sockets How many sockets it may have.
   * @throws {Error} When it does not.
   */
  static async start(
    { args, ...options }: Command,
    sockets: number,
  ): Promise<RunningServer> {
    const [program, ...rest] = raiseLimit(sockets, args);
    const process = new Deno.Command(program!, {
      args: rest,
      ...options,
      env: { NODE_ENV: "production", NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const excuse = readExcuse(process.stderr);
    const lines = readLines(process.stdout);
    const first = await within(PATIENCE, lines.next());
    const port = Number(first?.value);
    if (port > 0) {
      const family = await listFamily(process.pid);
      return new RunningServer(process, { port, lines, family });
    }
    await end(process, lines);
    throw new Error(`it does not start: ${await excuse}`);
  }

  /** The CPU time of the server and the processes it has started, in seconds. */
  async cpu(): Promise<number> {
    const seconds = await Promise.all(this.#family.map(cpuSeconds));
    return seconds.reduce((sum, each) => sum + each, 0);
  }

  /** Collects its garbage and reads its memory. */
  async memory(): Promise<Memory> {
    const writer = this.#process.stdin.getWriter();
    await writer.write(new TextEncoder().encode("heap\n"));
    writer.releaseLock();
    const { value } = await this.#lines.next();
    const rss = await Promise.all(this.#family.map(rssOf));
    return {
      rss: rss.reduce((sum, each) => sum + each, 0),
      heap: Number(value),
    };
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process, this.#lines);
  }
}

async function end(
  process: Deno.ChildProcess,
  lines: AsyncGenerator<string, void>,
): Promise<void> {
  try {
    process.kill("SIGKILL");
  } catch {
    // The process has ended already.
  }
  await process.status;
  await process.stdin.abort().catch(() => {});
  // A stream that is not read must not stay open.
  for await (const _ of lines);
}

/** Reads all that a server complains of, so that it never waits; resolves with the beginning. */
async function readExcuse(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<string> {
  let text = "";
  for await (const line of readLines(stream)) {
    if (text.length < MAX_EXCUSE) text += `${line.trim()} `;
  }
  return text.slice(0, MAX_EXCUSE).trim();
}
