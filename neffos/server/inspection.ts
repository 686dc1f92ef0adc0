/**
 * {@linkcode Inspection}: what an operator may see of a running server.
 *
 * @module
 */

import type { Conn } from "../api/conn.ts";
import type { FaultSource } from "../api/server_api.ts";
import { readForwarded } from "./upgrade/address.ts";
import { isSameHost } from "./upgrade/origins.ts";
import type { UpgradeRequest } from "../transport/upgrade_request.ts";
import type { Place } from "./directory.ts";
import type { ServerHost } from "./host.ts";
import { inspect, type Server } from "./server.ts";
import type { ServerSession } from "./session.ts";

/** The longest address, in characters: a client may have sent it. */
const MAX_ADDRESS = 64;

/** A connection, without its messages and headers. */
export interface InspectedConnection {
  readonly id: string;
  /** The IP address of the client, empty if it is not known. */
  readonly address: string;
  /** When it was made, in milliseconds since 1970. */
  readonly since: number;
  readonly namespaces: readonly InspectedNamespace[];
  /** The frames that it has sent. */
  readonly received: number;
  /** Its messages that wait for their handler. */
  readonly queued: number;
  /** Its handlers and hooks whose promise is pending. */
  readonly pending: number;
  /** The bytes and about how many messages wait to be sent to it. */
  readonly unsentBytes: number;
  readonly unsentMessages: number;
  /** Whether it was slow to read, so that volatile messages are dropped. */
  readonly isSlow: boolean;
}

/** A namespace that a connection is in. */
export interface InspectedNamespace {
  readonly name: string;
  readonly rooms: readonly string[];
}

/** Some of the connections that were found. */
export interface InspectedConnections {
  /** The number of all. */
  readonly count: number;
  readonly connections: readonly InspectedConnection[];
}

/** What connections are found by. */
export interface InspectionSearch {
  /** A part of a name, in any case; empty for all. */
  readonly text: string;
  /** The number of connections that come before. */
  readonly offset: number;
  readonly limit: number;
}

/** Another server of the exchange. */
export interface InspectedPeer {
  readonly id: string;
  /** When something of it has last come, in milliseconds since 1970. */
  readonly lastHeard: number;
  /** Whether its heartbeat is late. */
  readonly isSuspect: boolean;
}

/** Looks into a running server. Nothing is kept up to date for it. */
export class Inspection {
  readonly #host: ServerHost;
  readonly #isClosing: () => boolean;

  constructor(server: Server) {
    const { host, isClosing } = inspect(server);
    this.#host = host;
    this.#isClosing = isClosing;
  }

  /** Whether the server closes, or is closed. */
  get isClosing(): boolean {
    return this.#isClosing();
  }

  /**
   * Finds connections, the newest first, by a part of their ID, their address,
   * or the name of a namespace or room that they are in.
   *
   * @returns Those of one page, and how many there are.
   */
  search(
    { text, offset, limit }: InspectionSearch,
  ): InspectedConnections {
    const wanted = text.toLowerCase();
    const all = this.#sessions.reverse();
    const found = wanted === ""
      ? all
      : all.filter((session) => this.#matches(session, wanted));
    return {
      count: found.length,
      connections: found.slice(offset, offset + limit)
        .map((session) => this.#describe(session)),
    };
  }

  /** Finds the connections with an ID. */
  findId(id: string, limit: number): InspectedConnections {
    const found = this.#toSessions(this.#host.directory.findId(id));
    return {
      count: found.length,
      connections: found.slice(0, limit)
        .map((session) => this.#describe(session)),
    };
  }

  /** Finds the connections that read slowly, the slowest first. */
  findSlow(limit: number): InspectedConnections {
    const slow: ServerSession[] = [];
    for (const session of this.#sessions) {
      const isSlow = session.bufferedAmount > 0 && session.buffer.isBackedUp;
      if (isSlow) slow.push(session);
    }
    return {
      count: slow.length,
      connections: slow.sort((a, b) => b.bufferedAmount - a.bufferedAmount)
        .slice(0, limit).map((session) => this.#describe(session)),
    };
  }

  /** The namespaces and rooms with connections. */
  places(): Generator<Place> {
    return this.#host.directory.places();
  }

  /** The ID of the server in its exchange, if it uses one. */
  get exchangeId(): string | undefined {
    return this.#host.cluster?.id;
  }

  /** The other servers that are alive. */
  get peers(): InspectedPeer[] {
    return this.#host.cluster?.peers ?? [];
  }

  /** Counts the connections of each other server that answers, by its ID. */
  async countEach(): Promise<ReadonlyMap<string, number>> {
    return await this.#host.cluster?.requester.countEach() ?? new Map();
  }

  /**
   * Measures handlers while somebody looks; see `HandlerMeter.look`.
   *
   * @returns A function that ends it.
   */
  measureHandlers(): () => void {
    return this.#host.meter.look();
  }

  /** Calls a listener for each error that is reported from now on. */
  watchFaults(listener: (error: unknown, source: FaultSource) => void): void {
    const before = this.#host.onFault;
    this.#host.onFault = (error, source) => {
      before?.(error, source);
      listener(error, source);
    };
  }

  /** Whether a page comes from the host that a request is for. */
  isSameHost(origin: string, request: UpgradeRequest): boolean {
    return isSameHost(origin, request, this.#host.hops);
  }

  /** Those that the server counts, in the order in which they came. */
  get #sessions(): ServerSession[] {
    return this.#toSessions(this.#host.directory.connections);
  }

  /** All sessions of a server are those of one. */
  #toSessions(conns: Iterable<Conn>): ServerSession[] {
    const { sessions } = this.#host;
    return Array.from(conns)
      .flatMap((conn) => sessions.get(conn) as ServerSession ?? []);
  }

  #matches({ conn }: ServerSession, wanted: string): boolean {
    const has = (text: string) => text.toLowerCase().includes(wanted);
    return has(conn.id) || has(readAddress(conn.request, this.#host.hops)) ||
      conn.namespaces.some(({ namespace, rooms }) =>
        has(namespace) || rooms.some(({ name }) => has(name))
      );
  }

  #describe(session: ServerSession): InspectedConnection {
    const { conn, receiver, queue, buffer, since } = session;
    return {
      id: conn.id,
      address: readAddress(conn.request, this.#host.hops),
      since,
      namespaces: conn.namespaces.map(({ namespace, rooms }) => ({
        name: namespace,
        rooms: rooms.map(({ name }) => name),
      })),
      received: receiver.received,
      queued: receiver.waiting,
      pending: queue.pending,
      unsentBytes: conn.bufferedAmount,
      unsentMessages: buffer.bufferedMessages,
      isSlow: buffer.isBackedUp,
    };
  }
}

function readAddress(request: UpgradeRequest, hops: number): string {
  const { headers, remoteAddr } = request;
  const forwarded = readForwarded(headers, "x-forwarded-for", hops);
  if (forwarded !== undefined) return forwarded.slice(0, MAX_ADDRESS);
  return remoteAddr !== undefined && "hostname" in remoteAddr
    ? remoteAddr.hostname
    : "";
}
