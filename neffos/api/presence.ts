/**
 * {@linkcode Presence}: the connections in a namespace or a room, on all servers.
 *
 * @module
 */

import type { NSConn, UntypedNSConn } from "./ns_conn.ts";

/**
 * One connection that is there.
 *
 * @category Exchanges
 */
export interface PresenceEntry {
  /** The ID of the connection; several of one user may share it. */
  readonly id: string;
  /** What `Presence.set()` has said about it. */
  readonly data: unknown;
  /** The server that it is connected to; `undefined` for this one. */
  readonly server: string | undefined;
}

/**
 * The events of a {@linkcode Presence}.
 *
 * @category Exchanges
 */
export interface PresenceListener {
  /** Called when the first connection with an ID has come. */
  onJoin?: (entry: PresenceEntry) => void;
  /**
   * Called when the last connection with an ID has gone. One that has lost its
   * connection may come back, here or on another server, within the
   * `presenceGrace` of the exchange.
   */
  onLeave?: (entry: PresenceEntry) => void;
  /**
   * Called when something else has changed about an ID: its data, its server, or
   * the number of its connections.
   */
  onUpdate?: (entries: readonly PresenceEntry[]) => void;
}

/** What stands behind a {@linkcode Presence}. */
export interface PresencePort {
  list(namespace: string, room: string): PresenceEntry[];
  get(namespace: string, room: string, id: string): PresenceEntry[];
  count(namespace: string, room: string): number;
  set(nsConn: UntypedNSConn, room: string, data: unknown): boolean;
  listen(
    namespace: string,
    room: string,
    listener: PresenceListener,
  ): () => void;
}

/**
 * The connections in a namespace or a room, on all servers of an exchange. It is
 * made by `server.presence()`.
 *
 * @example
 * ```ts
 * import type { Message, NSConn, ServerApi } from "@neffos/mvc";
 *
 * const events = {
 *   onRoomJoined(nsConn: NSConn, msg: Message) {
 *     const presence = nsConn.server.presence("chat", msg.room);
 *     presence.set(nsConn, { name: "Ada", since: Date.now() });
 *     nsConn.emit("onPeople", presence.list());
 *   },
 * };
 *
 * function watchLobby(server: ServerApi) {
 *   return server.presence("chat", "lobby", {
 *     onJoin: ({ id }) => console.log(`${id} is here`),
 *     onLeave: ({ id }) => console.log(`${id} has left`),
 *   });
 * }
 * ```
 *
 * @category Exchanges
 */
export class Presence implements Disposable {
  /** The namespace. */
  readonly namespace: string;
  /** The room, empty for all of the namespace. */
  readonly room: string;
  readonly #port: PresencePort;
  readonly #whenKnown: () => Promise<void>;
  #stop: (() => void) | undefined;

  /**
   * Called by this module alone.
   *
   * @param port What stands behind it.
   * @param place The namespace and the room.
   * @param listener The events.
   * @ignore
   */
  constructor(
    port: PresencePort,
    place: {
      readonly namespace: string;
      readonly room: string;
      /** Resolves when the entries of all other servers are here. */
      whenKnown(): Promise<void>;
    },
    listener: PresenceListener | undefined,
  ) {
    this.namespace = place.namespace;
    this.room = place.room;
    this.#port = port;
    this.#whenKnown = () => place.whenKnown();
    if (listener === undefined) return;
    this.#stop = port.listen(place.namespace, place.room, listener);
  }

  /**
   * Resolves when the connections of all other servers are listed, within a
   * second as a rule: a server that has just started does not know the others
   * for half a second. Without an exchange, or while its broker is away, it
   * resolves at once.
   *
   * @example
   * ```ts
   * import { denoUpgrader, memoryExchange, Server } from "@neffos/mvc";
   *
   * const server = new Server(denoUpgrader(), { chat: {} });
   * await server.useStackExchange(memoryExchange());
   * // The first client sees the connections of other servers as well.
   * await server.presence("chat").ready;
   * await server.close();
   * ```
   */
  get ready(): Promise<void> {
    return this.#whenKnown();
  }

  /** The number of IDs that are there. */
  get size(): number {
    return this.#port.count(this.namespace, this.room);
  }

  /**
   * Lists the connections that are there. Two of one user are two entries with
   * one ID.
   *
   * @returns The entries, as they are now.
   */
  list(): PresenceEntry[] {
    return this.#port.list(this.namespace, this.room);
  }

  /**
   * Finds the connections with an ID.
   *
   * @param id The ID.
   * @returns The entries, none if it is not there.
   */
  get(id: string): PresenceEntry[] {
    return this.#port.get(this.namespace, this.room, id);
  }

  /**
   * Says something about a connection of this server, for all to read.
   *
   * @param nsConn The connection.
   * @param data The data: what JSON can carry, in 65,536 characters.
   * @returns Whether it is there.
   * @throws {RangeError} When the data is longer.
   * @throws {TypeError} When JSON cannot carry it.
   */
  set(nsConn: NSConn, data: unknown): boolean {
    return this.#port.set(nsConn, this.room, data);
  }

  /** Ends the events. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Ends the events, as {@linkcode Presence.close} does. */
  [Symbol.dispose](): void {
    this.close();
  }
}
