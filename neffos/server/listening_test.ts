/** For tests over real sockets: a server on a port, and requests to it. */

import type { FaultSource } from "../api/server_api.ts";
import { type Client, dial } from "../client.ts";
import type { ConnHandler } from "../controller/events.ts";
import type { Socket } from "../transport/socket.ts";
import { denoUpgrader } from "../transport/upgrader.ts";
import { WebSocketAdapter } from "../transport/web_socket.ts";
import type { ServerOptions } from "./options.ts";
import { Server } from "./server.ts";

/** A server on a real port. */
export class Listening implements AsyncDisposable {
  readonly server: Server;
  readonly url: string;
  readonly faults: [unknown, FaultSource][] = [];
  readonly #listener: Deno.HttpServer<Deno.NetAddr>;

  constructor(handler: ConnHandler, options: ServerOptions = {}) {
    this.server = new Server(denoUpgrader(), handler, {
      onError: (...fault) => this.faults.push(fault),
      ...options,
    });
    this.#listener = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) => this.server.upgrade(request, info),
    );
    this.url = `http://127.0.0.1:${this.#listener.addr.port}/`;
  }

  dial(handler: ConnHandler): Promise<Client> {
    return dial(this.url, handler);
  }

  /** Opens a socket to the server. */
  open(): Socket {
    return new WebSocketAdapter(new WebSocket(this.url.replace("http", "ws")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.#listener.shutdown();
  }
}

/** The headers of a handshake. */
export const UPGRADE = {
  connection: "keep-alive, Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
};

/** Sends a request line by line, since fetch() refuses to send such headers. */
export async function request(
  url: string,
  method: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  const { hostname, port, host } = new URL(url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const lines = Object.entries({ host, connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} / HTTP/1.1\r\n${lines.join("")}\r\n`;
  await conn.write(new TextEncoder().encode(head));
  const buffer = new Uint8Array(4096);
  const read = await conn.read(buffer) ?? 0;
  const text = new TextDecoder().decode(buffer.subarray(0, read));
  return { status: Number(text.split(" ")[1]), text };
}
