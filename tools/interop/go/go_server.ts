import { Journal, within } from "../journal.ts";
import { DEADLINE } from "./scenarios.ts";

/** A line printed by the Go server; see server.go. */
interface Line {
  port?: number;
  name: string;
  line: string;
}

/** The Go server, as a process of its own. */
export class GoServer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #journals = new Map<string, Journal>();
  readonly #output: Promise<void>;
  readonly #port = Promise.withResolvers<number>();
  /** The port that it listens on. */
  port = 0;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#output = this.#read();
  }

  /**
   * Starts it.
   *
   * @param program The program.
   * @param options The port; 0, any that is free, when there is none.
   * @returns The server, once it listens.
   * @throws {Error} When it does not.
   */
  static async start(
    program: string,
    { port = 0 }: { port?: number } = {},
  ): Promise<GoServer> {
    const server = new GoServer(
      new Deno.Command(program, {
        args: ["server", `127.0.0.1:${port}`],
        // The pipe ends with this process, and the server with the pipe.
        stdin: "piped",
        stdout: "piped",
      }).spawn(),
    );
    try {
      server.port = await within(
        server.#port.promise,
        DEADLINE,
        "The start of the Go server",
      );
    } catch (error) {
      await server.kill();
      throw error;
    }
    return server;
  }

  /**
   * Returns the URL of a scenario.
   *
   * @param name The name of the scenario.
   * @returns The URL.
   */
  endpoint(name: string): URL {
    return new URL(`ws://127.0.0.1:${this.port}/${name}`);
  }

  /**
   * Returns the lines it has logged.
   *
   * @param name The name of the scenario.
   * @returns The lines, to which more may be added.
   */
  journal(name: string): Journal {
    return this.#journals.getOrInsertComputed(name, () => new Journal());
  }

  async #read(): Promise<void> {
    let rest = "";
    const text = this.#process.stdout.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
    }
    this.#port.reject(new Error("The Go server ended before it listened"));
  }

  #take({ port, name, line }: Line): void {
    if (port === undefined) this.journal(name).push(line);
    else this.#port.resolve(port);
  }

  /** Stops it without a word, as a network that silently goes away. */
  stall(): void {
    this.#process.kill("SIGSTOP");
  }

  /** Lets it go on after {@linkcode stall}. */
  goOn(): void {
    this.#process.kill("SIGCONT");
  }

  /** Kills it like an outage: without a close frame. */
  async kill(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // The process has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.stdin.close().catch(() => {});
    await this.#output;
    await this.#process.status;
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
