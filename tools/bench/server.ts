/**
 * The servers of the bench. Prints its port, then serves until it is killed:
 * `deno run -A tools/bench/server.ts bare|neffos [PORT]`. With the port of a
 * Redis, the server uses it as an exchange.
 *
 * Both echo `onEcho` and broadcast `onShout` to every connection, in frames of
 * the protocol; the bare one only checks which of the two it has received.
 */

import {
  Application,
  denoUpgrader,
  type Message,
  NSConn,
  redisExchange,
  Router,
  Server,
  websocketHandler,
} from "../../mod.ts";
import { importPackage } from "../../neffos/harness/brokers.ts";

type Handler = (
  request: Request,
  info: Deno.ServeHandlerInfo,
) => Response | Promise<Response>;

function bare(): Handler {
  const sockets = new Set<WebSocket>();
  return (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => sockets.add(socket);
    socket.onclose = () => sockets.delete(socket);
    socket.onmessage = ({ data }) => {
      if (data === "M") socket.send("AID");
      else if (data.startsWith("$")) socket.send("$1;;;;;;");
      else if (data.startsWith(";default;;onEcho;")) socket.send(data);
      else for (const receiver of sockets) receiver.send(data);
    };
    return response;
  };
}

class BenchController {
  static readonly namespace = "default";
  static readonly inject = [NSConn] as const;
  readonly #nsConn: NSConn;

  constructor(nsConn: NSConn) {
    this.#nsConn = nsConn;
  }

  onEcho(msg: Message) {
    this.#nsConn.emit("onEcho", msg.body);
  }

  onShout(msg: Message) {
    this.#nsConn.server.broadcast(null, msg);
  }
}

async function neffos(port: string | undefined): Promise<Handler> {
  const router = new Router();
  const app = new Application(router);
  app.handleWebsocket(BenchController);
  const server = new Server(denoUpgrader(), app);
  if (port !== undefined) {
    const { createClient } = await importPackage("redis@5");
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    await server.useStackExchange(redisExchange(await client.connect()));
  }
  router.get("/", websocketHandler(server));
  return router.handler;
}

const [kind, port] = Deno.args;
const handler = kind === "bare" ? bare() : await neffos(port);
Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(port),
}, handler);
