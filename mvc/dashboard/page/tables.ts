/// <reference lib="dom" />
import type {
  ConnectionRow,
  Counter,
  CounterKind,
  FaultRow,
  HandlerRow,
  PlaceRow,
  ServerRow,
  Snapshot,
} from "../data.ts";
import { find, showText } from "./dom.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatMillis,
  formatName,
  formatNumber,
} from "./format.ts";
import { type Cell, Table } from "./table.ts";

const KINDS: Readonly<Record<CounterKind, (name: string) => string>> = {
  limit: (name) => `Limit ${name}`,
  refused: (status) => `Refused with ${status}`,
  closed: (code) => `Closed with ${code}`,
  dropped: (reason) => `Dropped: ${reason}`,
  lost: (reason) => `Lost to the cluster: ${reason}`,
};

const STATES: Readonly<Record<ServerRow["state"], Cell>> = {
  this: { text: "this server", type: "state good" },
  alive: { text: "alive", type: "state good" },
  late: { text: "late", type: "state warn" },
  gone: { text: "gone", type: "state bad" },
};

/** The tables that change by themselves. */
export class Tables {
  /** The time by the clock of the server. */
  #time = 0;
  readonly #handlers = new Table<HandlerRow>(
    "handlers",
    ({ namespace, event, rate, mean, p95, share }) => [
      { text: joinNames(namespace, event) },
      { text: formatNumber(rate), type: "number" },
      { text: formatMillis(mean), type: "number wide" },
      { text: p95 === null ? "longer" : formatMillis(p95), type: "number" },
      { text: "", share, type: "number" },
    ],
  );
  readonly #counters = new Table<Counter>(
    "counters",
    ({ kind, name, recent, total }) => [
      { text: KINDS[kind](name) },
      {
        text: formatNumber(recent),
        type: recent > 0 && kind !== "closed" ? "number warn" : "number",
      },
      { text: formatNumber(total), type: "number" },
    ],
  );
  readonly #slow = new Table<ConnectionRow>(
    "slow",
    ({ id, address, unsentBytes }) => [
      { text: id, opens: id },
      { text: address, type: "wide" },
      { text: formatBytes(unsentBytes), type: "number bad" },
    ],
  );
  readonly #faults = new Table<FaultRow>(
    "faults",
    ({ namespace, event, error, count, last }) => [
      { text: `${error} in ${joinNames(namespace, event)}` },
      { text: formatNumber(count), type: "number" },
      { text: `${formatAge(this.#time - last)} ago`, type: "number" },
    ],
  );
  readonly #rooms = new Table<PlaceRow>(
    "rooms",
    ({ namespace, room, connections }) => [
      { text: formatName(namespace) },
      room === "" ? { text: "all of it", type: "faint" } : { text: room },
      { text: formatNumber(connections), type: "number" },
    ],
  );
  readonly #cluster = new Table<ServerRow>(
    "cluster",
    ({ id, state, connections, lastHeard }) => [
      { text: id },
      STATES[state],
      { text: formatNumber(connections), type: "number" },
      {
        text: state === "this"
          ? ""
          : `${formatAge(this.#time - lastHeard)} ago`,
        type: "number wide",
      },
    ],
  );

  /** Shows a sample. */
  show(sample: Snapshot): void {
    const { handlers, counters, slow, faults, cluster } = sample;
    this.#time = sample.point.time;
    this.#handlers.show(
      handlers,
      ({ namespace, event }) => `${namespace}\n${event}`,
    );
    const all = { rows: counters, count: counters.length };
    this.#counters.show(all, ({ kind, name }) => `${kind} ${name}`);
    this.#slow.show(slow, ({ id }) => id);
    this.#faults.show(
      faults,
      ({ namespace, event, error }) => `${namespace}\n${event}\n${error}`,
    );
    this.#rooms.show(
      listPlaces(sample),
      ({ namespace, room }) => `${namespace}\n${room}`,
    );
    const servers = cluster?.servers ?? [];
    this.#cluster.show(
      { rows: servers, count: servers.length },
      ({ id }) => id,
    );
    showText(find("exchange", HTMLElement), describeExchange(sample));
  }
}

/** Each namespace, with its rooms below it. */
function listPlaces({ namespaces, rooms }: Snapshot) {
  const rows = namespaces.rows.flatMap((place) => [
    place,
    ...rooms.rows.filter(({ namespace }) => namespace === place.namespace),
  ]);
  return { rows, count: namespaces.count + rooms.count };
}

function describeExchange({ cluster }: Snapshot): string {
  if (cluster === null) return "";
  const { isConnected, channels, queued } = cluster;
  return [
    isConnected ? "Connected to the broker" : "The broker is away",
    formatCount(channels, "channel"),
    ...(queued > 0 ? [`${formatCount(queued, "message")} waiting`] : []),
  ].join(" · ");
}

function joinNames(namespace: string, event: string): string {
  return namespace === "" ? formatName(event) : `${namespace} · ${event}`;
}
