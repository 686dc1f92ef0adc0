import {
  type Events,
  type Message,
  type NSConn,
  type RequestHandler,
  Server,
  type Upgrader,
} from "../../../neffos/mod.ts";
import type { Listener } from "../../transports/stand.ts";

/** Tells a room what has happened in it. */
function tellRoom(
  { server, namespace }: NSConn,
  { room, event: body }: Message,
): void {
  server.broadcast(null, { namespace, room, event: "onTold", body });
}

/** Makes an upgrader, and what listens with it. */
export type MakeCarrier = () => {
  readonly upgrader: Upgrader;
  listen(handler: RequestHandler, port?: number): Promise<Listener>;
};

/**
 * A server that asks its clients, connects those that ask for it, and whose
 * hooks broadcast; clients can restart it.
 */
export class DemoServer implements AsyncDisposable {
  readonly #make: MakeCarrier;
  #server!: Server;
  #listener!: Listener;

  private constructor(make: MakeCarrier) {
    this.#make = make;
  }

  /** Starts it on a free port. */
  static async start(make: MakeCarrier): Promise<DemoServer> {
    const demo = new DemoServer(make);
    await demo.#start();
    return demo;
  }

  /** Its port. */
  get port(): number {
    return this.#listener.port;
  }

  /** Its websocket endpoint. */
  get endpoint(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  async #start(port?: number): Promise<void> {
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
    const { upgrader, listen } = this.#make();
    const server = new Server(upgrader, { demo: events }, {
      async onConnect(conn) {
        const { searchParams } = conn.request.url;
        if (searchParams.has("connect")) await conn.connect("demo");
      },
    });
    this.#server = server;
    this.#listener = await listen(
      (request, info) => server.upgrade(request, info),
      port,
    );
  }

  async #restart(): Promise<void> {
    const { port } = this.#listener;
    await this[Symbol.asyncDispose]();
    await this.#start(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.#listener.stop();
  }
}
