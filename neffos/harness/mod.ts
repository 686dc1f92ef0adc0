/** Shared by several tests: a server and clients in memory, and their frames. */

import process from "node:process";
import { type Client, dial, type DialOptions } from "../client.ts";
import type { ConnHandler, Events } from "../controller/events.ts";
import {
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
} from "../protocol/event_names.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import type { ServerOptions } from "../server/options.ts";
import { type Conn, portOf } from "../api/conn.ts";
import type { Session } from "../connection/session.ts";
import type { ServerHost } from "../server/host.ts";
import { Server } from "../server/server.ts";
import { socketPair } from "../transport/socket.ts";
import type { Socket } from "../transport/socket.ts";

/** A frame and the side that sent it. */
export interface SentFrame {
  from: "client" | "server";
  data: RawBody;
}

/** A server whose clients connect in memory. */
export class MemoryServer implements AsyncDisposable {
  readonly server: Server;
  readonly frames: SentFrame[] = [];
  readonly errors: unknown[] = [];
  /** The events without a handler. */
  readonly unhandled: string[] = [];
  /** The ends of all sockets: the server's, then the client's of it. */
  readonly sockets: Socket[] = [];
  /** Whether its sockets stop reading when they are asked to; Deno's cannot. */
  canPause = false;
  readonly #waiting: Socket[] = [];

  constructor(handler: ConnHandler, options: ServerOptions = {}) {
    this.server = new Server(
      () => ({ socket: this.#waiting.shift()!, response: new Response() }),
      handler,
      {
        onError: (error) => this.errors.push(error),
        onUnhandled: (_, msg) => this.unhandled.push(msg.event),
        ...options,
      },
    );
  }

  /** Opens a socket to the server; records the frames of both sides. */
  async open(): Promise<Socket> {
    const [left, right] = socketPair();
    this.sockets.push(right, left);
    this.#waiting.push(this.#tap(right, "server"));
    const response = await this.server.upgrade(handshake());
    if (response.status !== 200) throw new Error(await response.text());
    return this.#tap(left, "client");
  }

  /** Like {@linkcode open}, but synchronous; a refusal ends the socket. */
  connect(): Socket {
    const [left, right] = socketPair();
    this.#waiting.push(this.#tap(right, "server"));
    this.server.upgrade(handshake()).then((response) => {
      if (response.status === 200) return;
      this.#waiting.pop();
      right.terminate!();
    });
    return this.#tap(left, "client");
  }

  #tap(socket: Socket, from: SentFrame["from"]): Socket {
    const { frames, canPause } = this;
    return tap(socket, { from, frames, canPause });
  }

  async dial(handler: ConnHandler, options: DialOptions = {}): Promise<Client> {
    const socket = await this.open();
    return await dial("ws://memory.test/", handler, {
      transport: () => socket,
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** Makes a request for a websocket upgrade. */
export function handshake(
  headers: Record<string, string> = {},
  search = "",
): Request {
  return new Request(`http://memory.test/${search}`, {
    headers: {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
      ...headers,
    },
  });
}

function tap(
  socket: Socket,
  { from, frames, canPause }: {
    from: SentFrame["from"];
    frames: SentFrame[];
    canPause: boolean;
  },
): Socket {
  return {
    listen: (listener) => socket.listen(listener),
    send(data) {
      frames.push({ from, data });
      return socket.send(data);
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate!(),
    pause: () => socket.pause!(),
    resume: () => socket.resume!(),
    can: { ...socket.can!, pause: canPause },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    get bufferedMessages() {
      return socket.bufferedMessages!;
    },
  };
}

/** A client that sends and receives raw frames. */
export class RawClient {
  readonly socket: Socket;
  readonly received: RawBody[] = [];
  readonly closed: PromiseWithResolvers<{ code: number; reason: string }> =
    Promise.withResolvers();
  readonly #opened: PromiseWithResolvers<void> = Promise.withResolvers();
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.listen({
      open: () => this.#opened.resolve(),
      message: (data) => {
        this.received.push(data);
        this.#waiting = this.#waiting.filter(({ count, resolve }) => {
          if (this.received.length < count) return true;
          resolve();
          return false;
        });
      },
      close: (info) => {
        this.closed.resolve(info);
        for (const { resolve } of this.#waiting) resolve();
      },
    });
  }

  /** Opens a client and sends frames, once the socket is open. */
  static async open(
    memory: { open(): Socket | Promise<Socket> },
    ...frames: RawBody[]
  ): Promise<RawClient> {
    const client = new RawClient(await memory.open());
    await client.#opened.promise;
    client.send(...frames);
    return client;
  }

  send(...frames: RawBody[]): void {
    for (const frame of frames) this.socket.send(frame);
  }

  /** Waits until `count` frames were received, or the socket has ended. */
  async until(count: number): Promise<RawBody[]> {
    if (this.received.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push({ count, resolve });
      await promise;
    }
    return this.received;
  }
}

/** The life-cycle events, which every logged handler has. */
export const LIFE_CYCLE = [
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
];

/** Wraps events so that each logs its message before it runs. */
export function logged(side: string, log: string[], events: Events): Events {
  const all: Events = {};
  for (const name of [...LIFE_CYCLE, ...Object.keys(events)]) {
    all[name] = (nsConn, msg) => {
      log.push(`${side} ${describe(msg)}`);
      return events[name]?.(nsConn, msg);
    };
  }
  return all;
}

function describe(msg: Message): string {
  const { event, namespace, room, body, error, isLocal, isForced } = msg;
  return `${event} ns=${quote(namespace)} room=${quote(room)} body=${
    quote(body)
  } err=${error?.message ?? "<nil>"} local=${isLocal} forced=${isForced}`;
}

/** Quotes like Go's %q, as far as the vectors need it. */
function quote(text: RawBody): string {
  if (typeof text === "string") {
    return `"${text.replaceAll("\u2028", "\\u2028")}"`;
  }
  const chars = Array.from(
    text,
    (byte) =>
      byte >= 0x20 && byte < 0x7f
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, "0")}`,
  );
  return `"${chars.join("")}"`;
}

/** Replaces wait tokens by their order of appearance, as the vectors do. */
export function numberTokens(frames: SentFrame[]): SentFrame[] {
  const tokens = new Map<string, string>();
  return frames.map(({ from, data }) => {
    if (typeof data !== "string") return { from, data };
    const end = data.indexOf(";");
    // The fixed tokens of raw frames are two digits.
    if (end <= 0 || /^\$\d\d;/.test(data)) return { from, data };
    const token = data.slice(0, end);
    const dollar = token.startsWith("$") ? "$" : "";
    const name = tokens.get(token) ?? `${dollar}<wait${tokens.size + 1}>`;
    tokens.set(token, name);
    return { from, data: name + data.slice(end) };
  });
}

/** Returns the session of a connection. */
export function sessionOf(conn: Conn): Session {
  return portOf(conn) as Session;
}

/** Returns the host of a server, by one of its connections. */
export function hostOf(conn: Conn): ServerHost {
  return sessionOf(conn).host as ServerHost;
}

/** Runs code on a platform without AsyncLocalStorage. */
export function withoutTracing<T>(run: () => T): T {
  const { getBuiltinModule } = process;
  Object.assign(process, { getBuiltinModule: undefined });
  try {
    return run();
  } finally {
    Object.assign(process, { getBuiltinModule });
  }
}
