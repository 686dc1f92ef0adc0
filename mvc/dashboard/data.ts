/**
 * What the server of the dashboard sends to its page: types alone. Times are in
 * milliseconds, points in time in milliseconds since 1970, rates a second.
 *
 * @module
 */

/** One point of the charts. A rate is `null` for the first point of a look. */
export interface Point {
  readonly time: number;
  readonly connections: number;
  readonly rooms: number;
  readonly namespaces: number;
  readonly queued: number;
  readonly pending: number;
  /** The connections that read slowly. */
  readonly slow: number;
  readonly messagesIn: number | null;
  readonly messagesOut: number | null;
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
  readonly errors: number | null;
  /** How late the timer of the dashboard came: the event loop was busy. */
  readonly delay: number | null;
}

/** All that changes by itself. */
export interface Snapshot {
  readonly point: Point;
  /** The period that `recent` numbers and handler times are about. */
  readonly period: number;
  readonly startTime: number;
  readonly accepted: number;
  readonly errors: number;
  readonly handlers: Rows<HandlerRow>;
  readonly counters: readonly Counter[];
  readonly slow: Rows<ConnectionRow>;
  readonly faults: Rows<FaultRow>;
  readonly namespaces: Rows<PlaceRow>;
  readonly rooms: Rows<PlaceRow>;
  /** `null` without an exchange. */
  readonly cluster: ClusterState | null;
}

/** The first rows of a table. */
export interface Rows<Row> {
  /** The number of all rows. */
  readonly count: number;
  readonly rows: readonly Row[];
}

/** How long a handler has taken within the period. */
export interface HandlerRow {
  readonly namespace: string;
  readonly event: string;
  /** Its calls a second. */
  readonly rate: number;
  readonly mean: number;
  /** No more than one call in twenty took longer; `null` for longer than all bounds. */
  readonly p95: number | null;
  /** The share of all time in handlers, from 0 to 1. */
  readonly share: number;
}

/** What a counter of the server is about. */
export type CounterKind = "limit" | "refused" | "closed" | "dropped" | "lost";

/** A counter of the server that is not 0. */
export interface Counter {
  readonly kind: CounterKind;
  readonly name: string;
  readonly total: number;
  /** How much of it was counted within the period. */
  readonly recent: number;
}

/** Faults of one kind. Their texts may quote messages, so they are not shown. */
export interface FaultRow {
  readonly namespace: string;
  readonly event: string;
  /** The name of the class of the error. */
  readonly error: string;
  readonly count: number;
  readonly last: number;
}

/** A namespace, or a room of it. */
export interface PlaceRow {
  readonly namespace: string;
  readonly room: string;
  readonly connections: number;
}

/** The exchange of the server. */
export interface ClusterState {
  readonly isConnected: boolean;
  readonly channels: number;
  readonly queued: number;
  readonly servers: readonly ServerRow[];
}

/** A server of the cluster. */
export interface ServerRow {
  readonly id: string;
  readonly state: "this" | "alive" | "late" | "gone";
  /** `null` if it has not answered. */
  readonly connections: number | null;
  /** When something of it has last come. */
  readonly lastHeard: number;
}

/** A connection in a list. */
export interface ConnectionRow {
  readonly id: string;
  readonly address: string;
  readonly since: number;
  readonly namespaces: readonly string[];
  /** The number of rooms in all namespaces. */
  readonly rooms: number;
  readonly received: number;
  readonly queued: number;
  readonly unsentBytes: number;
  readonly isSlow: boolean;
}

/** A connection by itself. */
export interface ConnectionDetail
  extends Omit<ConnectionRow, "namespaces" | "rooms"> {
  readonly namespaces: readonly {
    readonly name: string;
    readonly rooms: readonly string[];
  }[];
  readonly pending: number;
  readonly unsentMessages: number;
}

/** The answer to a search. */
export interface ConnectionPage extends Rows<ConnectionRow> {
  readonly offset: number;
  /** The number of rows of a whole page. */
  readonly size: number;
}

/** What the page asks for when it disconnects an ID. */
export interface DisconnectRequest {
  readonly id: string;
  /** Whether a client of neffos may reconnect. */
  readonly mayReturn: boolean;
}

/** The answer to that. */
export interface DisconnectAnswer {
  /** The number of connections that are being closed. */
  readonly count: number;
}
