/**
 * Serves a router by `node:http`, in Node, Bun and Deno. With a
 * `WebSocketServer` of the package `ws` it serves websockets too:
 *
 * ```ts ignore
 * import { WebSocketServer } from "ws";
 * import {
 *   Application,
 *   type Message,
 *   NSConn,
 *   Router,
 *   Server,
 *   websocketHandler,
 *   wsUpgrader,
 * } from "@neffos/mvc";
 * import { serveNode } from "@neffos/mvc/node";
 *
 * class EchoController {
 *   static readonly namespace = "echo";
 *   static readonly inject = [NSConn] as const;
 *   constructor(readonly nsConn: NSConn) {}
 *   onSay(msg: Message) {
 *     return msg.body;
 *   }
 * }
 *
 * const maxPayload = 1024 * 1024;
 * const webSockets = new WebSocketServer({ noServer: true, maxPayload });
 * const router = new Router();
 * const app = new Application(router.party("/echo"));
 * app.handleWebsocket(EchoController);
 * const server = new Server(wsUpgrader(webSockets), app, { maxPayload });
 * app.router.get("/", websocketHandler(server));
 * const listener = await serveNode(router, { port: 8080 });
 *
 * // When the program ends:
 * await server.close();
 * await listener.shutdown();
 * ```
 *
 * @module
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { RequestHandler } from "../neffos/mod.ts";
import { makeRequest } from "./http/request.ts";
import { finishHandover, handOver, makeDeferred } from "../neffos/internal.ts";

/**
 * The options of {@linkcode serveNode}.
 *
 * @category Transports
 */
export interface ServeNodeOptions {
  /**
   * The port; 0 for any free one.
   *
   * @default {8000}
   */
  readonly port?: number | undefined;
  /**
   * The host name or IP address to listen on.
   *
   * @default {"0.0.0.0"}
   */
  readonly hostname?: string | undefined;
  /**
   * Ends the server, and every connection that is not a websocket, once it is
   * aborted.
   *
   * @default {undefined} it ends by `shutdown()` alone
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when the server listens.
   *
   * @param addr The address that it listens on.
   *
   * @default {undefined} nothing is called
   */
  readonly onListen?: ((addr: Deno.NetAddr) => void) | undefined;
  /**
   * A server of `node:http` or `node:https` without listeners for requests, with
   * certificates or time limits of its own.
   *
   * @default {createServer() of node:http}
   */
  readonly server?: Server | undefined;
}

/**
 * A server that {@linkcode serveNode} has started.
 *
 * @category Transports
 */
export interface NodeServer extends AsyncDisposable {
  /** The address that it listens on. */
  readonly addr: Deno.NetAddr;
  /** Resolves when the server has ended. */
  readonly finished: Promise<void>;
  /**
   * Stops listening, and waits for the requests and websockets that are open.
   *
   * @returns Resolves when all of them have ended.
   */
  shutdown(): Promise<void>;
}

/**
 * Serves requests by `node:http`. They reach the handler as by `Deno.serve`: a
 * `Request` with its URL as it was sent, a signal that is aborted when the client
 * disconnects, and the address of the client.
 *
 * @param handler A router, or what answers requests in its place.
 * @param options Where to listen.
 * @returns The server, once it listens.
 * @throws {Error} When it cannot listen; the `code` is `EADDRINUSE` where another
 * server has the port.
 *
 * @example
 * ```ts
 * import { Router } from "@neffos/mvc";
 * import { serveNode } from "@neffos/mvc/node";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router();
 * router.get("/", (ctx) => ctx.text("Hello"));
 *
 * const server = await serveNode(router, { port: 0, hostname: "127.0.0.1" });
 * const response = await fetch(`http://127.0.0.1:${server.addr.port}/`);
 * assertEquals(await response.text(), "Hello");
 * await server.shutdown();
 * ```
 *
 * @category Transports
 */
export async function serveNode(
  handler: RequestHandler | { readonly handler: RequestHandler },
  options: ServeNodeOptions = {},
): Promise<NodeServer> {
  const { port = 8000, hostname = "0.0.0.0", signal, onListen } = options;
  const { server = createServer(SERVER_OPTIONS) } = options;
  const handle = typeof handler === "function" ? handler : handler.handler;
  if (typeof handle !== "function") {
    throw new TypeError(
      "Cannot serve what has no handler: it must be a Router or a function",
    );
  }
  server.on("request", (incoming, outgoing) => {
    void answer(handle, incoming, outgoing);
  });
  // Without this listener, node:http sends 100 before anybody reads the body.
  server.on("checkContinue", (incoming, outgoing) => {
    void answer(handle, incoming, outgoing, true);
  });
  server.on("upgrade", (incoming, socket, head) => {
    void upgrade(handle, incoming, socket as Socket, head);
  });
  await listen(server, { port, hostname });
  const { address, port: actual } = server.address() as AddressInfo;
  const addr = { transport: "tcp", hostname: address, port: actual } as const;
  const finished = new Promise<void>((resolve) => {
    server.once("close", () => resolve());
  });
  const end = () => {
    server.close();
    server.closeIdleConnections?.();
  };
  if (signal?.aborted) end();
  signal?.addEventListener("abort", () => {
    end();
    server.closeAllConnections?.();
  }, { once: true });
  onListen?.(addr);
  const shutdown = async () => {
    end();
    await finished;
  };
  return { addr, finished, shutdown, [Symbol.asyncDispose]: shutdown };
}

/** Only websockets take a connection over; Node ignores other upgrades. */
const SERVER_OPTIONS: object = {
  shouldUpgradeCallback: ({ headers }: IncomingMessage) =>
    headers.upgrade?.toLowerCase() === "websocket",
};

async function listen(
  server: Server,
  { port, hostname }: { port: number; hostname: string },
): Promise<void> {
  const { promise, resolve, reject } = makeDeferred<void>();
  server.once("error", reject);
  server.listen(port, hostname, resolve);
  await promise;
  server.off("error", reject);
}

/** How much of an unread body is read after its answer, in bytes. */
const MAX_REST = 256 * 1024;

/** One request and its answer, as node:http has them. */
class Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly request: Request;
  readonly info: Deno.ServeHandlerInfo;
  readonly #aborter = new AbortController();
  /** Whether the client waits for leave to send the body. */
  #isAwaitingContinue: boolean;
  /** Whether the handler reads the body, or has read it. */
  #isRead = false;
  /** Whether what comes of it is dropped. */
  #isOver = false;

  constructor(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    isAwaitingContinue: boolean,
  ) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.#isAwaitingContinue = isAwaitingContinue;
    const hasBody = incoming.method !== "GET" && incoming.method !== "HEAD" &&
      (incoming.headers["transfer-encoding"] !== undefined ||
        Number(incoming.headers["content-length"]) > 0);
    this.request = toRequest(
      incoming,
      this.#aborter.signal,
      hasBody ? this.#makeBody() : undefined,
    );
    const { promise, resolve, reject } = makeDeferred<void>();
    // Most handlers do not look at it.
    promise.catch(() => {});
    this.info = makeInfo(incoming.socket, promise);
    outgoing.on("error", () => {});
    outgoing.once("close", () => {
      if (outgoing.writableFinished) {
        resolve();
        this.#skipRest();
      } else {
        const error = new Error("The client has disconnected");
        this.#aborter.abort(new DOMException(error.message, "AbortError"));
        reject(error);
      }
    });
  }

  /** Makes the stream of the body, which reads only what it is asked for. */
  #makeBody(): ReadableStream<Uint8Array> {
    const { incoming } = this;
    const read = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      this.#isRead = true;
      if (this.#isAwaitingContinue) this.outgoing.writeContinue();
      const fail = () => {
        if (this.#isOver) return;
        this.#isOver = true;
        controller.error(new Error("The client has disconnected"));
      };
      incoming.on("data", (chunk: Uint8Array) => {
        if (this.#isOver) return;
        const { buffer, byteOffset, byteLength } = chunk;
        controller.enqueue(
          new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
        );
        incoming.pause();
      });
      incoming.once("end", () => {
        if (this.#isOver) return;
        this.#isOver = true;
        controller.close();
      });
      incoming.once("error", fail);
      incoming.once("close", fail);
    };
    return new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (!this.#isRead) read(controller);
        incoming.resume();
      },
      cancel: () => {
        this.#isOver = true;
      },
    }, { highWaterMark: 0 });
  }

  /** Reads what the handler has left of the body, so that the next request comes. */
  #skipRest(): void {
    const { incoming } = this;
    if (incoming.complete || incoming.destroyed) return;
    this.#isOver = true;
    let rest = 0;
    incoming.on("data", ({ length }: Uint8Array) => {
      rest += length;
      if (rest > MAX_REST) incoming.destroy();
    });
    // Deno 2.9.6 takes no further request from this connection.
    if ("Deno" in globalThis) {
      incoming.once("end", () => incoming.socket.end());
    }
    incoming.resume();
  }
}

async function answer(
  handle: RequestHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  isAwaitingContinue = false,
): Promise<void> {
  try {
    const exchange = new Exchange(incoming, outgoing, isAwaitingContinue);
    const { request, info } = exchange;
    const response = await respond(handle, request, info);
    await send(response, outgoing, request.method);
  } catch (error) {
    // What was sent is no whole response, and must not look like one.
    if (outgoing.destroyed) return;
    // deno-lint-ignore no-console -- as Deno.serve does: nobody else hears of it
    console.error(error);
    outgoing.destroy();
  }
}

async function respond(
  handle: RequestHandler,
  request: Request,
  info: Deno.ServeHandlerInfo,
): Promise<Response> {
  try {
    const response = await handle(request, info);
    if (response instanceof Response && !response.bodyUsed) return response;
    throw new TypeError(
      `Cannot answer ${request.method} ${request.url}: the handler must return a Response whose body is not used`,
    );
  } catch (error) {
    // deno-lint-ignore no-console -- as Deno.serve does; a router never throws
    console.error(error);
    return new Response("Internal Server Error", { status: 500 });
  }
}

/** Headers that node:http writes itself; it sends no trailers. */
const OWN_FIELDS = ["transfer-encoding", "trailer"];

/** Sends a response; rejects when the client leaves, or the body fails. */
async function send(
  { body, status, headers }: Response,
  outgoing: ServerResponse,
  method: string,
): Promise<void> {
  const fields: Record<string, string | string[]> = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) fields["set-cookie"] = cookies;
  for (const name of OWN_FIELDS) delete fields[name];
  const isEmpty = method === "HEAD" || status === 204 || status === 304;
  if (body === null || isEmpty) {
    body?.cancel().catch(() => {});
    if (!isEmpty) fields["content-length"] ??= "0";
    outgoing.writeHead(status, fields);
    outgoing.end();
    return;
  }
  const reader = body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  outgoing.once("close", leave);
  const chunks: Uint8Array[] = [];
  let reading = reader.read();
  let next = await peek(reading);
  // A string or bytes are all there: their length is known.
  while (next !== undefined && !next.done && chunks.length < 2) {
    chunks.push(next.value);
    reading = reader.read();
    next = await peek(reading);
  }
  if (next?.done) {
    const length = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    fields["content-length"] ??= String(length);
  }
  outgoing.writeHead(status, fields);
  if (chunks.length === 0) outgoing.flushHeaders();
  for (const chunk of chunks) await write(outgoing, chunk);
  while (true) {
    const { done, value } = await reading;
    if (done) break;
    await write(outgoing, value);
    reading = reader.read();
  }
  if (!outgoing.destroyed) outgoing.end();
}

/** Waits for what a stream has at once; `undefined` when it has to wait. */
async function peek<T>(reading: Promise<T>): Promise<T | undefined> {
  let result: T | undefined;
  reading.then((value) => result = value, () => {});
  for (let tick = 0; tick < 8 && result === undefined; tick++) await undefined;
  return result;
}

/** Writes a chunk; waits while the client does not read. */
async function write(
  stream: ServerResponse | Socket,
  chunk: Uint8Array,
): Promise<void> {
  if (stream.destroyed) throw new Error("The client has disconnected");
  if (stream.write(chunk)) return;
  const { promise, resolve } = makeDeferred<void>();
  const settle = () => {
    stream.off("drain", settle);
    stream.off("close", settle);
    resolve();
  };
  stream.on("drain", settle);
  stream.on("close", settle);
  await promise;
}

/** How long a client may take to read a refusal, in milliseconds. */
const LAST_READ = 10_000;

/** Answers a request whose connection node:http has let go of. */
async function upgrade(
  handle: RequestHandler,
  incoming: IncomingMessage,
  socket: Socket,
  head: Uint8Array,
): Promise<void> {
  // node:http listens no more: without this, a reset would end the program.
  socket.on("error", () => {});
  const { promise, resolve } = makeDeferred<void>();
  try {
    // Nothing is read until the upgrade, so that a client that leaves is not
    // noticed.
    const request = toRequest(incoming);
    const handover = handOver(request, { request: incoming, socket, head });
    const response = await respond(handle, request, makeInfo(socket, promise));
    if (!finishHandover(handover, response)) {
      await refuse(response, socket, request.method);
    }
  } catch {
    socket.destroy();
  } finally {
    resolve();
  }
}

/** Writes a response that is no upgrade, and ends the connection. */
async function refuse(
  { body, status, headers }: Response,
  socket: Socket,
  method: string,
): Promise<void> {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
  for (const [name, value] of headers) {
    if (name !== "connection" && !OWN_FIELDS.includes(name)) {
      lines.push(`${name}: ${value}`);
    }
  }
  lines.push(`date: ${new Date().toUTCString()}`, "connection: close");
  socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  if (method === "HEAD") body?.cancel().catch(() => {});
  else if (body !== null) {
    for await (const chunk of body) await write(socket, chunk);
  }
  socket.setTimeout(LAST_READ, () => socket.destroy());
  socket.end();
}

/** Makes the Request of a request, with its URL as `Deno.serve` gives it. */
function toRequest(
  incoming: IncomingMessage,
  signal: AbortSignal | null = null,
  body: ReadableStream<Uint8Array> | null = null,
): Request {
  const { method = "GET", rawHeaders } = incoming;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  const url = readUrl(incoming, headers);
  // TypeScript does not know `duplex`, without which no stream can be a body.
  const init: object = { signal, body, duplex: "half" };
  return makeRequest(url, { ...init, method, headers });
}

function readUrl(
  { url: target = "/", socket }: IncomingMessage,
  headers: Headers,
): string {
  // The target may be a whole URL, RFC 9112, section 3.2.
  if (!target.startsWith("/") && target !== "*") return target;
  const scheme = "encrypted" in socket && socket.encrypted ? "https" : "http";
  const host = headers.get("host") ??
    `${writeHost(socket.localAddress)}:${socket.localPort}`;
  return `${scheme}://${host}${target === "*" ? "/*" : target}`;
}

function writeHost(address = "localhost"): string {
  return address.includes(":") ? `[${address}]` : address;
}

function makeInfo(
  { remoteAddress = "", remotePort = 0 }: Socket,
  completed: Promise<void>,
): Deno.ServeHandlerInfo {
  // A client that has left already has no address any more.
  const remoteAddr = {
    transport: "tcp",
    hostname: remoteAddress,
    port: remotePort,
  } as const;
  return { remoteAddr, completed };
}
