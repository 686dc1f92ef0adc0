import type { Inspection } from "../../neffos/internal.ts";
import type { Server, ServerStats } from "../../neffos/mod.ts";
import type { ServerSentEvent } from "../http/server_sent_events.ts";
import { ClusterWatch } from "./cluster_watch.ts";
import { toRows } from "./connection_rows.ts";
import type { ConnectionRow, PlaceRow, Point, Rows, Snapshot } from "./data.ts";
import type { FaultLedger } from "./fault_ledger.ts";
import { compareCounters, compareHandlers } from "./rates.ts";
import { Viewer } from "./viewer.ts";

/** The time between two samples, in milliseconds. */
const INTERVAL = 1_000;

/** The most pages that are served at one time. */
const MAX_VIEWERS = 16;

/** The points that the charts keep: five minutes. */
const MAX_POINTS = 300;

/** The samples that recent numbers go back: a minute. */
const MAX_MARKS = 60;

/** The number of samples from one count of the cluster to the next. */
const COUNT_EVERY = 5;

/** The rows of a table that changes by itself. */
const MAX_ROWS = 20;

/** What a {@linkcode Sampler} looks at. */
export interface SamplerOptions {
  readonly inspection: Inspection;
  readonly faults: FaultLedger;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

/** The numbers of a moment. */
interface Mark {
  readonly at: number;
  readonly stats: ServerStats;
  readonly slow: Rows<ConnectionRow>;
}

/**
 * Takes samples of a server while somebody looks: with one timer for all
 * viewers, which ends with the last of them.
 */
export class Sampler {
  readonly #server: Server;
  readonly #inspection: Inspection;
  readonly #faults: FaultLedger;
  readonly #now: () => number;
  readonly #cluster: ClusterWatch;
  readonly #viewers = new Set<Viewer>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #stopMeasuring: (() => void) | undefined;
  /** The points, which the next look goes on from. */
  #points: Point[] = [];
  /** The numbers of this look, the first one first. */
  #marks: Mark[] = [];
  #samples = 0;

  constructor(
    server: Server,
    { inspection, faults, now = () => performance.now() }: SamplerOptions,
  ) {
    this.#server = server;
    this.#inspection = inspection;
    this.#faults = faults;
    this.#now = now;
    this.#cluster = new ClusterWatch(inspection);
  }

  /** Whether samples are being taken. */
  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * Looks: the points so far, and then samples.
   *
   * @returns The events for a page, which begin and end the look.
   */
  watch(): AsyncIterableIterator<ServerSentEvent> {
    return new Viewer({
      onEnter: (viewer) => this.#enter(viewer),
      onLeave: (viewer) => this.#leave(viewer),
    });
  }

  #enter(viewer: Viewer): void {
    if (this.#inspection.isClosing) return viewer.end("closing");
    if (this.#viewers.size >= MAX_VIEWERS) return viewer.end("full");
    this.#viewers.add(viewer);
    if (!this.isRunning) this.#start();
    viewer.push({ event: "points", data: JSON.stringify(this.#points) });
    viewer.push({ event: "sample", data: JSON.stringify(this.#sample()) });
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size === 0) this.#stop();
  }

  #start(): void {
    this.#stopMeasuring = this.#inspection.measureHandlers();
    this.#mark();
    this.#timer = setInterval(() => this.#onTime(), INTERVAL);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stopMeasuring?.();
    this.#stopMeasuring = undefined;
    this.#marks = [];
    // The next look counts the cluster at once.
    this.#samples = 0;
  }

  #onTime(): void {
    if (this.#inspection.isClosing) {
      for (const viewer of [...this.#viewers]) viewer.end("closing");
      return;
    }
    this.#mark();
    // Once for all of them.
    const event = { event: "sample", data: JSON.stringify(this.#sample()) };
    for (const viewer of [...this.#viewers]) viewer.push(event);
  }

  #mark(): void {
    const last = this.#marks.at(-1);
    const mark = {
      at: this.#now(),
      stats: this.#server.stats(),
      slow: toRows(this.#inspection.findSlow(MAX_ROWS)),
    };
    this.#marks.push(mark);
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
    this.#points.push(makePoint(mark, last));
    if (this.#points.length > MAX_POINTS) this.#points.shift();
    if (this.#samples++ % COUNT_EVERY === 0) void this.#cluster.count();
  }

  #sample(): Snapshot {
    const { at, stats, slow } = this.#marks.at(-1)!;
    const first = this.#marks[0]!;
    const period = at - first.at;
    const { startTime, accepted, errors } = stats;
    const handlers = compareHandlers(
      stats.handlers,
      first.stats.handlers,
      period / 1_000,
    );
    return {
      point: this.#points.at(-1)!,
      period: Math.round(period),
      startTime,
      accepted,
      errors,
      handlers: cut(handlers),
      counters: compareCounters(stats, first.stats),
      slow,
      faults: cut(this.#faults.list()),
      ...this.#readPlaces(),
      cluster: this.#cluster.read(stats),
    };
  }

  #readPlaces(): Pick<Snapshot, "namespaces" | "rooms"> {
    const namespaces = new Largest();
    const rooms = new Largest();
    for (const place of this.#inspection.places()) {
      (place.room === "" ? namespaces : rooms).add(place);
    }
    return { namespaces, rooms };
  }
}

function makePoint({ at, stats, slow }: Mark, last: Mark | undefined): Point {
  const { connections, rooms, namespaces, queued, pending } = stats;
  const seconds = last && (at - last.at) / 1_000;
  const rate = (
    name: "messagesIn" | "messagesOut" | "bytesIn" | "bytesOut" | "errors",
  ) => seconds ? round((stats[name] - last!.stats[name]) / seconds) : null;
  return {
    time: Date.now(),
    connections,
    rooms,
    namespaces,
    queued,
    pending,
    slow: slow.count,
    messagesIn: rate("messagesIn"),
    messagesOut: rate("messagesOut"),
    bytesIn: rate("bytesIn"),
    bytesOut: rate("bytesOut"),
    errors: rate("errors"),
    delay: last ? Math.max(0, round(at - last.at - INTERVAL)) : null,
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function cut<Row>(rows: readonly Row[]): Rows<Row> {
  return { count: rows.length, rows: rows.slice(0, MAX_ROWS) };
}

/** The places with the most connections. */
class Largest implements Rows<PlaceRow> {
  count = 0;
  readonly rows: PlaceRow[] = [];

  add(place: PlaceRow): void {
    this.count++;
    const { rows } = this;
    const last = rows[MAX_ROWS - 1];
    if (last !== undefined && last.connections >= place.connections) return;
    const at = rows.findIndex((row) => row.connections < place.connections);
    rows.splice(at === -1 ? rows.length : at, 0, place);
    if (rows.length > MAX_ROWS) rows.pop();
  }
}
