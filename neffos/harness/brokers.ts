/** Brokers that tests start on free ports, and the clients of several libraries. */

/** A broker that was started by a test. */
export class Broker implements AsyncDisposable {
  readonly port: number;
  readonly #start: (port: number) => Deno.Command;
  readonly #isReady: (line: string) => boolean;
  #process: Deno.ChildProcess | undefined;
  #output: Promise<void> | undefined;
  #folder: string | undefined;

  private constructor(
    port: number,
    start: (port: number) => Deno.Command,
    isReady: (line: string) => boolean,
  ) {
    this.port = port;
    this.#start = start;
    this.#isReady = isReady;
  }

  /** Starts Redis. */
  static async redis(...args: string[]): Promise<Broker> {
    const folder = await Deno.makeTempDir({ prefix: "neffos-redis-" });
    const fixed = ["--bind", "127.0.0.1", "--save", "", "--dir", folder];
    const broker = new Broker(
      findPort(),
      (port) => command("redis-server", "--port", `${port}`, ...fixed, ...args),
      (line) => line.includes("Ready to accept connections"),
    );
    broker.#folder = folder;
    await broker.start();
    return broker;
  }

  /** Starts a Sentinel that watches a server under the name "main". */
  static async sentinel(server: Broker): Promise<Broker> {
    const folder = await Deno.makeTempDir({ prefix: "neffos-sentinel-" });
    const config = `${folder}/sentinel.conf`;
    await Deno.writeTextFile(
      config,
      `sentinel monitor main 127.0.0.1 ${server.port} 1\n`,
    );
    const broker = new Broker(
      findPort(),
      (port) =>
        command(
          "redis-server",
          config,
          "--sentinel",
          ...["--port", `${port}`],
          ...["--bind", "127.0.0.1"],
        ),
      (line) => line.includes("+monitor"),
    );
    broker.#folder = folder;
    await broker.start();
    return broker;
  }

  /** Starts NATS. */
  static async nats(...args: string[]): Promise<Broker> {
    const broker = new Broker(
      findPort(),
      (port) =>
        command("nats-server", "-a", "127.0.0.1", "-p", `${port}`, ...args),
      (line) => line.includes("Server is ready"),
    );
    await broker.start();
    return broker;
  }

  /** Runs a command of Redis. */
  async redisCli(...args: string[]): Promise<string> {
    const port = ["-p", `${this.port}`];
    const { stdout } = await command("redis-cli", ...port, ...args).output();
    return new TextDecoder().decode(stdout);
  }

  /** Starts it, again on the same port. */
  async start(): Promise<void> {
    this.#process = this.#start(this.port).spawn();
    const ready = Promise.withResolvers<void>();
    this.#output = this.#read(this.#process, ready);
    await ready.promise;
  }

  /** Kills it. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    process.kill("SIGKILL");
    await process.status;
    await this.#output;
  }

  /** Stops it without a word: its connections stay open, and nothing is read. */
  stall(): void {
    this.#process?.kill("SIGSTOP");
  }

  /** Lets it go on after {@linkcode stall}. */
  goOn(): void {
    this.#process?.kill("SIGCONT");
  }

  async #read(
    process: Deno.ChildProcess,
    ready: PromiseWithResolvers<void>,
  ): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    const follow = async (stream: ReadableStream<Uint8Array>) => {
      for await (const chunk of stream) {
        text += decoder.decode(chunk);
        if (text.split("\n").some(this.#isReady)) ready.resolve();
      }
    };
    await Promise.all([follow(process.stdout), follow(process.stderr)]);
    ready.reject(new Error(`The broker has ended:\n${text}`));
    ready.promise.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    if (this.#folder === undefined) return;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function command(program: string, ...args: string[]): Deno.Command {
  return new Deno.Command(program, { args, stdout: "piped", stderr: "piped" });
}

/** Finds a port that is free, and very likely stays so. */
function findPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Tells whether this machine has a program. */
export function hasProgram(name: string): boolean {
  try {
    return new Deno.Command(name, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/**
 * Imports an npm package, which only tests do: its name is no literal, so that
 * checking the tests needs no network.
 *
 * @returns The module, `undefined` where it cannot be loaded.
 */
// deno-lint-ignore no-explicit-any -- the tests know what they load
export async function importPackage(name: string): Promise<any> {
  try {
    return await import(`npm:${name}`);
  } catch (error) {
    if (isRequired) throw error;
    return undefined;
  }
}

/** Whether a broker or a library that is missing is a failure, as in .ci/run. */
export const isRequired: boolean = Deno.env.get("BROKERS") === "required";

/** Tells plainly that tests are left out; throws where they are required. */
export function explainMissing(what: string): void {
  const text = `${what} is not installed: its tests are left out`;
  if (isRequired) throw new Error(text);
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}
