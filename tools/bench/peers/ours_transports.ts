import { createRequire } from "node:module";
import {
  bunUpgrader,
  denoUpgrader,
  type RequestHandler,
  type Upgrader,
  type WsServer,
  wsUpgrader,
} from "../../../mod.ts";
import { serveNode } from "../../../mvc/node.ts";

/** An upgrader, and what listens with it on a free port, which it resolves with. */
export interface Transport {
  readonly upgrader: Upgrader;
  listen(handler: RequestHandler): Promise<number>;
}

const PLACE = { port: 0, hostname: "127.0.0.1" };

/**
 * Chooses a transport: `deno`, `ws` or `bun`.
 *
 * @param modules The folder of the package `ws`.
 */
export function chooseTransport(name: string, modules?: string): Transport {
  if (name === "deno") return onDeno();
  if (name === "bun") return onBun();
  return onWs(modules!);
}

function onDeno(): Transport {
  return {
    upgrader: denoUpgrader(),
    listen(handler) {
      const { addr } = Deno.serve({ ...PLACE, onListen() {} }, handler);
      return Promise.resolve(addr.port);
    },
  };
}

function onWs(modules: string): Transport {
  const { WebSocketServer } = createRequire(modules)("ws") as {
    WebSocketServer: new (options: object) => WsServer;
  };
  return {
    upgrader: wsUpgrader(
      new WebSocketServer({ noServer: true, clientTracking: false }),
    ),
    async listen(handler) {
      return (await serveNode(handler, PLACE)).addr.port;
    },
  };
}

function onBun(): Transport {
  const upgrader = bunUpgrader();
  return {
    upgrader,
    listen(handler) {
      const { Bun } = globalThis as unknown as { Bun: Platform };
      const { port } = Bun.serve({
        ...PLACE,
        fetch: upgrader.fetch(handler),
        websocket: upgrader.websocket,
      });
      return Promise.resolve(port);
    },
  };
}

interface Platform {
  serve(options: object): { readonly port: number };
}
