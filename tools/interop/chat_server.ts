/** A chat, as a process of its own, on a free port. */
export class ChatServer implements AsyncDisposable {
  /** Its websocket endpoint. */
  readonly endpoint: string;
  readonly #process: Deno.ChildProcess;
  readonly #output: Promise<void>;

  /**
   * Called by {@linkcode ChatServer.start}.
   *
   * @param endpoint Its websocket endpoint.
   * @param process The process.
   * @param output Settled when all of its output was read.
   */
  constructor(
    endpoint: string,
    process: Deno.ChildProcess,
    output: Promise<void>,
  ) {
    this.endpoint = endpoint;
    this.#process = process;
    this.#output = output;
  }

  /**
   * Starts it.
   *
   * @returns The server, once it listens.
   * @throws {Error} When it ends before.
   */
  static async start(): Promise<ChatServer> {
    const main = new URL("chat/main.ts", import.meta.url);
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", main.href],
      stdout: "piped",
    }).spawn();
    const found = Promise.withResolvers<string>();
    let text = "";
    const output = process.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write(chunk) {
          text += chunk;
          const [url] = /http:\/\/\S+(?=\s)/.exec(text) ?? [];
          if (url !== undefined) found.resolve(url);
        },
        close: () =>
          found.reject(new Error(`The chat printed no address: ${text}`)),
      }),
    );
    const endpoint = new URL("/websocket_endpoint", await found.promise);
    endpoint.protocol = "ws:";
    return new ChatServer(endpoint.href, process, output);
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#output;
    await this.#process.status;
  }
}
