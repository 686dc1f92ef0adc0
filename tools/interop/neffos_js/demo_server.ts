import {
  denoUpgrader,
  type Events,
  type Message,
  type NSConn,
  Server,
} from "../../../neffos/mod.ts";

/** Tells a room what has happened in it. */
function tellRoom(
  { server, namespace }: NSConn,
  { room, event: body }: Message,
): void {
  server.broadcast(null, { namespace, room, event: "onTold", body });
}

/**
 * A server that asks its clients, connects those that ask for it, and whose
 * hooks broadcast; clients can restart it.
 */
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
      onRoomJoined: tellRoom,
      onRoomLeave: tellRoom,
    };
    const server = new Server(denoUpgrader(), { demo: events }, {
      async onConnect(conn) {
        const { searchParams } = conn.request.url;
        if (searchParams.has("connect")) await conn.connect("demo");
      },
    });
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
