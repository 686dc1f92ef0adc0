import { Journal, within } from "../journal.ts";
import { DEADLINE } from "./scenarios.ts";

/** A line that the Go server prints; see server.go. */
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
        // Ends with this process, and the server with it.
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
   * Says where it plays a scenario.
   *
   * @param name The name of the scenario.
   * @returns The URL.
   */
  endpoint(name: string): URL {
    return new URL(`ws://127.0.0.1:${this.port}/${name}`);
  }

  /**
   * Gives what it has seen.
   *
   * @param name The name of the scenario.
   * @returns The lines, which still become more.
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

  /** Kills it, as an outage does: nobody is told. */
  async kill(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
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
