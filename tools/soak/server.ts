/**
 * The two servers of the soak, which do the same work:
 * `deno run -A --v8-flags=--expose-gc tools/soak/server.ts bare|neffos`. With
 * `dashboard`, the second one has a dashboard under `/dashboard/`.
 *
 * They answer `onAsk`, `onLater` and `onEmit` with the same body, and broadcast
 * `onRoom` to the room and `onAll` to every connection.
 */

import {
  Application,
  dashboard,
  denoUpgrader,
  type Message,
  type Middleware,
  NSConn,
  Router,
  Server,
  websocketHandler,
} from "../../mod.ts";
import { obey } from "./commands.ts";
import { ALL, NAMESPACE } from "./frames.ts";

/** The memory of a server after a garbage collection, in bytes. */
export interface Memory {
  readonly heap: number;
  /** The errors so far. */
  readonly errors: readonly string[];
}

interface Service {
  readonly handler: Deno.ServeHandler<Deno.NetAddr>;
  readonly errors: string[];
  close(): Promise<void>;
}

function bare(): Service {
  const sockets = new Set<WebSocket>();
  const rooms = new Map<string, Set<WebSocket>>();
  const handler = (request: Request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    let room: string | undefined;
    socket.onclose = () => {
      sockets.delete(socket);
      if (room !== undefined) rooms.get(room)!.delete(socket);
    };
    socket.onmessage = ({ data }) => {
      if (data === "M") socket.send(`A${crypto.randomUUID()}`);
      else if (data.includes(";_On")) {
        const parts = data.split(";");
        if (data.includes(";_OnRoomJoin;")) {
          room = parts[2] as string;
          if (!rooms.has(room)) rooms.set(room, new Set());
          rooms.get(room)!.add(socket);
        } else sockets.add(socket);
        socket.send(`${parts[0]};;;;;;`);
      } else if (data.startsWith(ALL)) {
        for (const receiver of sockets) receiver.send(data);
      } else if (data.includes(";onRoom;")) {
        for (const receiver of rooms.get(data.split(";")[2])!) {
          receiver.send(data);
        }
      } else socket.send(data);
    };
    return response;
  };
  return { handler, errors: [], close: () => Promise.resolve() };
}

class SoakController {
  static readonly namespace = NAMESPACE;
  static readonly inject = [NSConn] as const;
  readonly #nsConn: NSConn;

  constructor(nsConn: NSConn) {
    this.#nsConn = nsConn;
  }

  onAsk(msg: Message) {
    return msg.body;
  }

  async onLater(msg: Message) {
    await Promise.resolve();
    return msg.body;
  }

  onEmit(msg: Message) {
    this.#nsConn.emit("onEmit", msg.body);
  }

  onRoom(msg: Message) {
    this.#nsConn.server.broadcast(null, msg);
  }

  onAll(msg: Message) {
    this.#nsConn.server.broadcast(null, msg);
  }
}

function neffos(hasDashboard: boolean): Service {
  const errors: string[] = [];
  const router = new Router();
  const app = new Application(router);
  app.handleWebsocket(SoakController);
  const server = new Server(denoUpgrader(), app, {
    onError: (error) => errors.push(String(error)),
    onUpgradeError: (error) => errors.push(String(error)),
    onUnhandled: (_, { event }) => errors.push(`"${event}" is not handled`),
  });
  router.get("/", websocketHandler(server));
  if (hasDashboard) {
    const guard: Middleware = (_ctx, next) => next();
    router.any("/dashboard/*", dashboard(server, { guard }));
  }
  const close = () => server.close();
  return { handler: router.handler, errors, close };
}

/** Collects garbage until nothing more can be freed. */
async function collect(): Promise<void> {
  const { gc } = globalThis as { gc?: () => void };
  for (let count = 0; count < 5; count++) {
    gc!();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

const [kind] = Deno.args;
const { handler, errors, close } = kind === "bare"
  ? bare()
  : neffos(kind === "dashboard");
const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
const listener = Deno.serve(options, handler);

await obey({
  port: () => listener.addr.port,
  async measure(): Promise<Memory> {
    await collect();
    return { heap: Deno.memoryUsage().heapUsed, errors };
  },
  async close() {
    await close();
    await listener.shutdown();
  },
});
