/**
 * The transports under test. Each runs where its platform is; the package `ws` is
 * handed in.
 *
 * @module
 */

import {
  bunUpgrader,
  denoUpgrader,
  type DialOptions,
  type RequestHandler,
  type Socket,
  socketPair,
  type Upgrader,
  type WsServer,
  wsUpgrader,
} from "../../mod.ts";
import { serveNode } from "../../mvc/node.ts";
import {
  type Ability,
  type Listener,
  Stand,
  type StandOptions,
  type Transport,
} from "./stand.ts";

const MIB = 1024 * 1024;

/** Sockets inside of the process. */
export const memory: Transport = {
  name: "memory",
  abilities: new Set<Ability>(["terminate", "pause"]),
  start(options) {
    const waiting: Socket[] = [];
    const upgrader = () => ({
      socket: waiting.shift()!,
      response: new Response(),
    });
    const stand: Stand = new Stand(upgrader, options, () => ({
      transport() {
        const [left, right] = socketPair();
        waiting.push(right);
        const headers = {
          connection: "upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        };
        const request = new Request("http://memory.test/", { headers });
        stand.server.upgrade(request).then((response) => {
          if (response.status !== 200) right.terminate!();
        });
        return left;
      },
    }));
    return Promise.resolve(stand);
  },
};

/** A server of HTTP and its upgrader. */
export interface Carrier {
  readonly name: string;
  readonly abilities: readonly Ability[];
  /** Options of every dial to it. */
  readonly dialOptions?: DialOptions;
  /** Makes an upgrader, and what listens with it. */
  make(options: CarrierOptions): {
    readonly upgrader: Upgrader;
    /** Listens on a port, any free one by default. */
    listen(handler: RequestHandler, port?: number): Promise<Listener>;
  };
}

/** What a carrier needs to know of its server. */
export interface CarrierOptions
  extends Pick<StandOptions, "idleTimeout" | "isCompressed"> {
  readonly maxPayload?: number | undefined;
}

/** Makes a transport of a carrier. */
export function carry(carrier: Carrier): Transport {
  const { name, dialOptions = {}, make } = carrier;
  return {
    name,
    abilities: new Set<Ability>(carrier.abilities),
    async start(options) {
      const { maxPayload } = options.options ?? {};
      const { upgrader, listen } = make({ ...options, maxPayload });
      const stand = new Stand(upgrader, options, () => dialOptions);
      return stand.on(await listen(stand.router.handler));
    },
  };
}

const HTTP: readonly Ability[] = [
  "network",
  "early frames",
  "early head",
  "whole targets",
  "trailers",
];

const LOCAL = { hostname: "127.0.0.1" };

/** `Deno.serve`. */
export const deno: Carrier = {
  name: "Deno.serve",
  abilities: HTTP,
  make: ({ idleTimeout = 0 }) => ({
    upgrader: denoUpgrader({ idleTimeout }),
    listen(handler, port = 0) {
      const options = { ...LOCAL, port, onListen() {} };
      const { addr, shutdown } = Deno.serve(options, handler);
      return Promise.resolve({ port: addr.port, stop: shutdown });
    },
  }),
};

/** What the package `ws` exports, as far as it is used here. */
export interface WsPackage {
  readonly WebSocketServer: new (options: object) => WsServer;
  readonly WebSocket: unknown;
}

/** The package `ws` over `node:http`, in this platform. */
export function ws(
  name: string,
  { WebSocketServer, WebSocket }: WsPackage,
  abilities: readonly Ability[],
): Carrier {
  // Node 20 has none of its own.
  const dialOptions: DialOptions = "WebSocket" in globalThis
    ? {}
    : { WebSocket: WebSocket as NonNullable<DialOptions["WebSocket"]> };
  return {
    name,
    abilities: [...HTTP, ...abilities],
    dialOptions,
    make({ idleTimeout = 0, isCompressed = false, maxPayload = MIB }) {
      const webSockets = new WebSocketServer({
        noServer: true,
        clientTracking: false,
        maxPayload,
        perMessageDeflate: isCompressed,
      });
      return {
        upgrader: wsUpgrader(webSockets, { idleTimeout }),
        async listen(handler, port = 0) {
          const { addr, shutdown } = await serveNode(handler, {
            ...LOCAL,
            port,
          });
          return { port: addr.port, stop: shutdown };
        },
      };
    },
  };
}

/** `Bun.serve`. */
export const bun: Carrier = {
  name: "Bun.serve",
  abilities: ["network", "terminate", "early limit", "compression"],
  make({ idleTimeout = 0, isCompressed = false }) {
    const upgrader = bunUpgrader({
      idleTimeout,
      maxPayload: 4 * MIB,
      compressFrom: isCompressed ? 1024 : Infinity,
    });
    return {
      upgrader,
      listen(handler, port = 0) {
        const { Bun } = globalThis as unknown as { Bun: Platform };
        const listener = Bun.serve({
          ...LOCAL,
          port,
          fetch: upgrader.fetch(handler),
          websocket: upgrader.websocket,
        });
        const stop = () => listener.stop();
        return Promise.resolve({ port: listener.port, stop });
      },
    };
  },
};

interface Platform {
  serve(options: object): { port: number; stop(): Promise<void> };
}

/** Chooses the carrier of this platform by its name, with what it can do. */
export function chooseCarrier(name: string, wsPackage: WsPackage): Carrier {
  if (name === "bun") return bun;
  const abilities: Ability[] = ["terminate", "pause", "early limit"];
  if (!("Deno" in globalThis)) abilities.push("compression");
  // Bun sends 100 at once, and ends a connection whose body is not read.
  if (!("Bun" in globalThis)) abilities.push("continue", "skip");
  return ws(name, wsPackage, abilities);
}
