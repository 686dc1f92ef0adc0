/** The transports of the victim. */

import { denoUpgrader, type RequestHandler, type Upgrader } from "../../mod.ts";
import { serveNode } from "../../mvc/node.ts";
import { chooseCarrier, type WsPackage } from "../transports/transports.ts";
import { TIMES } from "./victim_limits.ts";

/** The transports that can be attacked. */
export const TRANSPORTS = ["deno", "ws", "ws-node"] as const;

/** `Deno.serve`, or the package `ws` over `node:http` in Deno or Node. */
export type TransportName = typeof TRANSPORTS[number];

/** A transport of the victim. */
export interface VictimTransport {
  readonly upgrader: Upgrader;
  /** An upgrader that compresses, where the transport can. */
  readonly compressing: Upgrader | undefined;
  /** Listens on a free port, and returns it. */
  listen(handler: RequestHandler): Promise<number>;
}

const WHERE = { port: 0, hostname: "127.0.0.1" };
const IDLE = TIMES.idle / 1000;

/** Makes a transport. */
export async function makeTransport(
  name: string,
  wsFile: string,
): Promise<VictimTransport> {
  if (name === "deno") {
    return {
      upgrader: denoUpgrader({ idleTimeout: IDLE }),
      compressing: undefined,
      listen(handler) {
        const { addr } = Deno.serve({ ...WHERE, onListen() {} }, handler);
        return Promise.resolve(addr.port);
      },
    };
  }
  const carrier = chooseCarrier("ws", await import(wsFile) as WsPackage);
  const make = (isCompressed: boolean) =>
    carrier.make({ idleTimeout: IDLE, isCompressed }).upgrader;
  return {
    upgrader: make(false),
    compressing: name === "ws-node" ? make(true) : undefined,
    listen: async (handler) => (await serveNode(handler, WHERE)).addr.port,
  };
}
