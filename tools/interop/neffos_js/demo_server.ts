import { denoUpgrader, type Events, Server } from "../../../neffos/mod.ts";

/** A server that asks its clients, and that clients can restart. */
export class DemoServer implements AsyncDisposable {
  #server!: Server;
  #listener!: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#start(0);
  }

  /** Its websocket endpoint. */
  get endpoint(): string {
    return `ws://127.0.0.1:${this.#listener.addr.port}/`;
  }

  #start(port: number): void {
    const events: Events = {
      async onAskMe(nsConn, msg) {
        const { body } = await nsConn.ask("question", msg.body);
        return `the client says ${body}`;
      },
      onTries: (nsConn) => nsConn.conn.reconnectTries,
      onRestart: () => void this.#restart(),
    };
    const server = new Server(denoUpgrader(), { demo: events });
    this.#server = server;
    this.#listener = Deno.serve(
      { port, hostname: "127.0.0.1", onListen() {} },
      (request, info) => server.upgrade(request, info),
    );
  }

  async #restart(): Promise<void> {
    const { port } = this.#listener.addr;
    await this[Symbol.asyncDispose]();
    this.#start(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.#listener.shutdown();
  }
}
