/** A server of any checkout, through its public names alone, and bare clients. */

import { pathToFileURL } from "node:url";
import type { Message, NSConn } from "../../mod.ts";

/** A WebSocket that knows no more of the protocol than the frames it sends. */
export class Peer {
  readonly #ws: WebSocket;

  constructor(ws: WebSocket) {
    this.#ws = ws;
  }

  send(frame: string): void {
    this.#ws.send(frame);
  }

  /** Resolves with the next frame that comes. */
  next(): Promise<string> {
    return new Promise((resolve) => {
      this.#ws.onmessage = ({ data }) => resolve(data);
    });
  }

  connect(namespace: string): Promise<string> {
    this.send(`$1;${namespace};;_OnNamespaceConnect;0;0;`);
    return this.next();
  }
}

/** A server with two controllers, `desk` with one dependency and `office` with three. */
export interface World extends AsyncDisposable {
  /** Opens a connection, up to the server's acknowledgement. */
  dial(): Promise<Peer>;
  /** Called by `onSay` of the desk and by the constructor of the office. */
  onReached: () => void;
}

/** Starts the server of a checkout. */
export async function openWorld(root: string): Promise<World> {
  const url = pathToFileURL(`${root}/mod.ts`).href;
  const mvc = await import(url) as typeof import("../../mod.ts");
  const paper = mvc.token<string>("paper");
  const ink = mvc.token<Date>("ink");
  const stamp = mvc.token<URL>("stamp");

  class Desk {
    static readonly namespace = "desk";
    static readonly inject = [mvc.NSConn] as const;
    readonly #nsConn: NSConn;
    constructor(nsConn: NSConn) {
      this.#nsConn = nsConn;
    }
    onSay(_msg: Message) {
      world.onReached();
    }
    onTell(msg: Message) {
      this.#nsConn.server.broadcast(this.#nsConn, msg);
    }
  }
  class Office {
    static readonly namespace = "office";
    static readonly inject = [paper, ink, stamp] as const;
    constructor(_paper: string, _ink: Date, _stamp: URL) {
      world.onReached();
    }
    onSay(_msg: Message) {}
  }

  const router = new mvc.Router();
  const app = new mvc.Application(router)
    .register(paper, "A4")
    .singleton(ink, [], () => new Date())
    .scoped(stamp, [mvc.NSConn], ({ id }) => new URL(`conn:${id}`));
  app.handleWebsocket(Desk);
  app.handleWebsocket(Office);
  const server = new mvc.Server(mvc.denoUpgrader(), app);
  router.get("/", mvc.websocketHandler(server));
  const listener = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    router.handler,
  );
  const world: World = {
    onReached() {},
    async dial() {
      const ws = new WebSocket(`ws://127.0.0.1:${listener.addr.port}/`);
      const peer = new Peer(ws);
      const acknowledged = peer.next();
      ws.onopen = () => peer.send("M");
      await acknowledged;
      return peer;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await listener.shutdown();
    },
  };
  return world;
}
