/**
 * Seeded walks of presence and membership: servers on a network that delays,
 * loses, splits and kills, and then quiet. The model is short: a server that is
 * alive has its own people; when all is quiet, every server that wants to know
 * shows the people of all, and the events that it told lead there.
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Prng } from "../../tools/fuzz/prng.ts";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import { SharedTimers } from "../util/shared_timers.ts";
import { Cluster, type ClusterHost } from "./cluster.ts";
import { ChannelListeners } from "./engines/listeners.ts";
import { Roster } from "./presence/roster.ts";
import type { ExchangeData, StackExchange } from "./stack_exchange.ts";

const SERVERS = 4;
const STEPS = 60;
const WALKS = Number(Deno.env.get("WALKS") ?? 20);
const INTERVAL = 1_000;
const TIMEOUT = 3_500;
const GRACE = 2_000;

const PLACES = [["chat", ""], ["chat", "tea"], ["news", ""]] as const;

/** A network between servers: each has an exchange of its own on it. */
class Net {
  /** How many of a thousand messages between two servers are lost. */
  loss = 0;
  /** The longest delay of a message, in milliseconds. */
  delay = 0;
  /** The side of each server that a split has put it on. */
  readonly sides = new Map<number, number>();
  readonly #lot: Prng;
  readonly #nodes = new Map<number, ChannelListeners>();
  /** When the last message from one server to another is due. */
  readonly #due = new Map<string, number>();

  constructor(lot: Prng) {
    this.#lot = lot;
  }

  /** Plugs a server in; it is unplugged by `nodes.delete`. */
  plug(index: number): StackExchange {
    const listeners = new ChannelListeners();
    this.#nodes.set(index, listeners);
    return {
      isConnected: true,
      publish: (channel, data) => this.#send(index, listeners, channel, data),
      subscribe(channel, listener) {
        listeners.add(channel, listener);
        return Promise.resolve();
      },
      unsubscribe(channel, listener) {
        listeners.remove(channel, listener);
        return Promise.resolve();
      },
      watch: () => () => {},
    };
  }

  unplug(index: number): void {
    this.#nodes.delete(index);
  }

  #send(
    from: number,
    sender: ChannelListeners,
    channel: string,
    data: ExchangeData,
  ): void {
    if (this.#nodes.get(from) !== sender) return;
    for (const [to, listeners] of this.#nodes) {
      const isSplit = this.sides.get(from) !== this.sides.get(to);
      if (isSplit || (from !== to && this.#lot.chance(this.loss))) continue;
      // In order on each channel, and in any order between two of them.
      const key = `${from} ${to} ${channel}`;
      const due = Math.max(
        Date.now() + this.#lot.below(this.delay + 1),
        this.#due.get(key) ?? 0,
      );
      this.#due.set(key, due);
      setTimeout(() => {
        if (this.#nodes.get(to) === listeners) listeners.tell(channel, data);
      }, due - Date.now());
    }
  }
}

/** A connection in a namespace or a room of a server. */
interface Stay {
  readonly nsConn: UntypedNSConn;
  readonly room: string;
  data: unknown;
}

/** One server, from its start to its end. */
class Node implements ClusterHost {
  readonly timers = new SharedTimers();
  readonly grace = GRACE;
  readonly codec = undefined;
  readonly people = new Set<Stay>();
  readonly cluster: Cluster;
  readonly errors: unknown[] = [];
  /** What the events say is there, by place. */
  readonly told = new Map<string, Set<string>>();
  readonly left: string[] = [];
  isWatching = false;
  #roster: Roster | undefined;

  constructor(exchange: StackExchange) {
    this.cluster = new Cluster(this, exchange, {
      heartbeat: { interval: INTERVAL, timeout: TIMEOUT },
    });
    void this.cluster.start();
  }

  deliver(): void {}

  async *askLocal() {}

  countLocal(): number {
    return this.people.size;
  }

  disconnectLocal(): number {
    return 0;
  }

  openRoster(): Roster {
    if (this.#roster !== undefined) return this.#roster;
    const roster = this.#roster = new Roster(this);
    for (const { nsConn, room, data } of this.people) {
      roster.enter(nsConn, room);
      if (data !== undefined) roster.set(nsConn, room, data);
    }
    return roster;
  }

  report(error: unknown): void {
    this.errors.push(error);
  }

  enter(id: string, namespace: string, room: string): Stay {
    const nsConn = { id, namespace } as UntypedNSConn;
    const stay = { nsConn, room, data: undefined };
    this.people.add(stay);
    this.#roster?.enter(nsConn, room);
    return stay;
  }

  exit(stay: Stay, isLost: boolean): void {
    this.people.delete(stay);
    this.#roster?.exit(stay.nsConn, stay.room, isLost);
  }

  set(stay: Stay, data: unknown): void {
    const isThere = this.openRoster().set(stay.nsConn, stay.room, data);
    assert(isThere);
    stay.data = data;
  }

  /** Follows the events of all places. */
  watch(): void {
    this.isWatching = true;
    const roster = this.openRoster();
    this.cluster.watchRoster();
    for (const [namespace, room] of PLACES) {
      const place = `${namespace}/${room}`;
      const ids = new Set(roster.list(namespace, room).map(({ id }) => id));
      this.told.set(place, ids);
      roster.listen(namespace, room, {
        onJoin({ id }) {
          assert(!ids.has(id), `${id} has joined ${place} twice`);
          ids.add(id);
        },
        onLeave: ({ id }) => {
          assert(ids.delete(id), `${id} has left ${place} without being there`);
          this.left.push(`${id} ${place}`);
        },
        onUpdate(entries) {
          for (const { id } of entries) {
            assert(ids.has(id), `${id} has changed, but is not in ${place}`);
          }
        },
      });
    }
  }

  /** What it shows, for a person to read. */
  show(namespace: string, room: string): string[] {
    return this.openRoster().list(namespace, room)
      .map(({ id, data }) => `${id} ${JSON.stringify(data)}`).sort();
  }

  /** Ends without a word. */
  crash(): void {
    this.timers.stop();
  }
}

class Walk {
  readonly #lot: Prng;
  readonly #net: Net;
  readonly #nodes = new Map<number, Node>();
  #lastId = 0;

  constructor(seed: number) {
    this.#lot = new Prng(seed);
    this.#net = new Net(this.#lot);
    for (let i = 0; i < SERVERS; i++) this.#start(i);
  }

  #start(index: number): void {
    const node = new Node(this.#net.plug(index));
    this.#nodes.set(index, node);
    if (this.#lot.chance(600)) node.watch();
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[this.#lot.below(Math.max(1, list.length))];
  }

  step(): void {
    const lot = this.#lot;
    const index = lot.below(SERVERS);
    const node = this.#nodes.get(index);
    const stay = node && this.#pick([...node.people]);
    switch (lot.below(14)) {
      case 0:
      case 1:
      case 2: {
        const [namespace, room] = this.#pick(PLACES)!;
        const id = lot.chance(200) ? "twin" : `p${this.#lastId++}`;
        node?.enter(id, namespace, room);
        return;
      }
      case 3:
      case 4:
        if (stay) node.exit(stay, lot.chance(500));
        return;
      case 5:
      case 6:
        if (stay) node.set(stay, { n: lot.below(5) });
        return;
      case 7:
      case 8: {
        // Its connection is lost, and it comes back elsewhere.
        const other = this.#pick([...this.#nodes.values()]);
        if (!stay || !other) return;
        node.exit(stay, true);
        const { id, namespace } = stay.nsConn;
        setTimeout(() => {
          if ([...this.#nodes.values()].includes(other)) {
            other.enter(id, namespace, stay.room);
          }
        }, lot.below(GRACE));
        return;
      }
      case 9:
        if (node && !node.isWatching) node.watch();
        return;
      case 10:
        this.#net.loss = lot.chance(500) ? 0 : lot.below(500);
        this.#net.delay = lot.below(3) * 300;
        return;
      case 11:
        for (let i = 0; i < SERVERS; i++) {
          this.#net.sides.set(i, lot.chance(500) ? 0 : lot.below(2));
        }
        return;
      case 12:
        if (node === undefined) this.#start(index);
        else if (lot.chance(500)) {
          this.#net.unplug(index);
          node.crash();
          this.#nodes.delete(index);
        } else {
          void node.cluster.close();
          this.#nodes.delete(index);
        }
        return;
      default:
        for (let i = 0; i < SERVERS; i++) this.#net.sides.set(i, 0);
    }
  }

  async run(time: FakeTime): Promise<void> {
    for (let i = 0; i < STEPS; i++) {
      this.step();
      await pass(time, this.#lot.below(4) * 250);
    }
    this.#net.loss = 0;
    this.#net.delay = 0;
    this.#net.sides.clear();
    // Long enough for the dead, for what is asked for again, and for the lost.
    await pass(time, TIMEOUT + GRACE + 4 * INTERVAL);
    this.check();
    for (const { cluster } of this.#nodes.values()) void cluster.close();
    await pass(time, 2_000);
    for (const { timers } of this.#nodes.values()) timers.stop();
  }

  check(): void {
    const nodes = [...this.#nodes.values()];
    for (const node of nodes) {
      // The loss of a broker is told; nothing else is wrong.
      const names = node.errors.map((error) => (error as Error).name);
      assertEquals(
        new Set(names).difference(new Set(["ExchangeError"])),
        new Set(),
      );
      assertEquals(node.cluster.peers.length, nodes.length - 1);
      assertEquals(node.cluster.stats().invalid, 0);
      if (!node.isWatching) continue;
      for (const [namespace, room] of PLACES) {
        const there = nodes.flatMap(({ people }) => [...people])
          .filter((stay) =>
            stay.nsConn.namespace === namespace && stay.room === room
          );
        assertEquals(
          node.show(namespace, room),
          there.map(({ nsConn, data }) =>
            `${nsConn.id} ${JSON.stringify(data)}`
          )
            .sort(),
        );
        assertEquals(
          [...node.told.get(`${namespace}/${room}`)!].sort(),
          [...new Set(there.map(({ nsConn }) => nsConn.id))].sort(),
        );
      }
    }
  }
}

/** Moves the clock, and lets promises go on in between. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  for (let rest = ms; rest > 0; rest -= 250) await time.tickAsync(250);
  await time.runMicrotasks();
}

Deno.test("presence and membership converge after any order of calls, losses, splits, ends and restarts", async () => {
  using time = new FakeTime();
  for (let seed = 1; seed <= WALKS; seed++) {
    try {
      await new Walk(seed).run(time);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
