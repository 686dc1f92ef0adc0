/**
 * What a port consists of, and the stage on which it is played: a server, the
 * original clients, and the log of each.
 *
 * @module
 */

import type { Server } from "../../../mod.ts";
import type { Journal } from "../journal.ts";
import type { Notes } from "./notes.ts";

/** An example of Iris or neffos, done again with this module. */
export interface Port {
  /** The example, and the clients that use it. */
  readonly name: string;
  /** The name of the original in `go/`, and of its page in `clients.mjs`. */
  readonly original: string;
  /**
   * Makes the port's server.
   *
   * @param notes The log of the server.
   * @returns The server.
   */
  serve(notes: Notes): Served | Promise<Served>;
  /**
   * Uses a server, the original or the port.
   *
   * @param stage The server, and the programs of its users.
   */
  play(stage: Stage): Promise<void>;
  /** The lines of the original's logs that are others in the port's. */
  readonly differences?: Readonly<Record<string, string>>;
  /** What the row of the table says, the reason of the differences first. */
  readonly note?: string;
}

/** A server of a port. */
export interface Served {
  /** The handler of HTTP requests. */
  readonly handler: Deno.ServeHandler<Deno.NetAddr>;
  /** The websocket server behind it. */
  readonly server: Server;
  /** What its operator may do, by the first word of the command. */
  readonly commands?: Readonly<Record<string, (rest: string) => unknown>>;
  /** Ends what else there is. */
  readonly end?: () => void | Promise<void>;
}

/** A server or a user, on the stage. */
export class Participant {
  /** Its log. */
  readonly journal: Journal;
  /** Does what its user types. */
  readonly tell: (command: string) => void;
  /** Ends its program. */
  readonly end: () => Promise<void>;

  /**
   * Called by the director of the stage.
   *
   * @param journal Its log.
   * @param program Its program.
   */
  constructor(
    journal: Journal,
    { tell, end }: Pick<Participant, "tell" | "end">,
  ) {
    this.journal = journal;
    this.tell = tell;
    this.end = end;
  }

  /**
   * Waits until it has noted an event.
   *
   * @param what The event, with who sent it in front where that matters.
   * @param count How often.
   */
  saw(what: string, count = 1): Promise<void> {
    return this.journal.until(() =>
      this.journal.filter((line) => ` ${line}`.includes(` ${what} ns=`))
        .length >= count
    );
  }
}

/** What a client adds to its request. */
export interface ClientOptions {
  /** URL parameters. */
  readonly query?: Readonly<Record<string, string>>;
  /** Headers; the Go client has its own. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server, and the programs of its users. */
export interface Stage {
  /** The server. */
  readonly server: Participant;
  /**
   * Starts the original client in Go.
   *
   * @param user Its user.
   * @param path The path of the endpoint.
   * @param options What it adds to its request.
   * @returns The client.
   */
  go(user: string, path: string, options?: ClientOptions): Participant;
  /**
   * Opens the original page: neffos.js in Node.
   *
   * @param user Its user.
   * @param path The path of the endpoint.
   * @param options What it adds to its request.
   * @returns The client.
   */
  page(user: string, path: string, options?: ClientOptions): Participant;
  /**
   * Opens a page that knows no neffos, only a WebSocket.
   *
   * @param user Its user.
   * @param path The path of the endpoint.
   * @param options What it adds to its request.
   * @returns The client.
   */
  plain(user: string, path: string, options?: ClientOptions): Participant;
  /** The log of the HTTP requests. */
  readonly requests: Notes;
  /**
   * Sends an HTTP request, and notes the status of the answer.
   *
   * @param what What is tried, for the log.
   * @param path The path.
   * @param init The request.
   * @returns The answer, with its body read.
   */
  request(
    what: string,
    path: string,
    init?: RequestInit,
  ): Promise<{ headers: Headers; text: string }>;
}

/** A program that prints a line for what it sees, and takes commands. */
export class Program implements AsyncDisposable {
  /** Resolves with the first line. */
  readonly started: Promise<string>;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: Promise<void>;

  /**
   * Starts a program.
   *
   * @param command The program, and its arguments.
   * @param take Called with each line.
   */
  constructor(
    [program, ...args]: readonly [string, ...string[]],
    take: (line: string) => void,
  ) {
    const started = Promise.withResolvers<string>();
    this.started = started.promise;
    // It may never be asked for.
    this.started.catch(() => {});
    this.#process = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#read((line) => {
      started.resolve(line);
      take(line);
    }).finally(() =>
      started.reject(new Error(`${program} ended before it printed a line`))
    );
  }

  async #read(take: (line: string) => void): Promise<void> {
    let rest = "";
    const text = this.#process.stdout.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      lines.forEach(take);
    }
  }

  /**
   * Types a command.
   *
   * @param command The command.
   */
  readonly tell = (command: string): void => {
    // Where the program has ended, its log says more than this error.
    this.#input.write(new TextEncoder().encode(`${command}\n`)).catch(() => {});
  };

  /** Ends the program, which does so when it has no more commands. */
  readonly end = async (): Promise<void> => {
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 5_000);
    await this.#output;
    await this.#process.status;
    clearTimeout(timer);
  };

  /** Ends the program. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
