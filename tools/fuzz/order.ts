/**
 * Random events and asks of both sides, whose handlers wait, ask and emit in
 * turn: the events of one side are handled one after another, and no ask of a
 * handler waits for ever.
 *
 * @module
 */

import type { Client, Conn, Events, NSConn, Socket } from "../../neffos/mod.ts";
import { MemoryServer, withoutTracing } from "../../neffos/harness/mod.ts";
import { FuzzFailure } from "./failure.ts";
import { Prng } from "./prng.ts";
import { WalkClock } from "./walk/clock.ts";
import type { Side } from "./walk/plan.ts";

const SIDES = ["client", "server"] as const;
const NAMESPACES = ["a", "b"];

/** How a program writes a handler. */
const FORMS = ["sync", "async", "promise", "mixed", "thenable"] as const;
type Form = typeof FORMS[number];

/** What a message has its handler do, one step after another. */
type Step =
  | { do: "wait"; ms: number }
  | { do: "emit"; work: Work }
  | { do: "ask"; work: Work; isAwaited: boolean };

/** A message: its place among those of its side, and what its handler does. */
interface Work {
  namespace: string;
  form: Form;
  /** Set when it is sent. */
  place: number;
  steps: Step[];
}

/** Something that a program does outside of any handler. */
interface Action {
  at: number;
  side: Side;
  isAsk: boolean;
  work: Work;
}

/** A handler that runs. */
interface Run {
  readonly place: number;
  readonly isAsk: boolean;
  readonly form: Form;
  /** The asks that it has made and that are not answered. */
  asks: number;
}

interface Plan {
  seed: number;
  latency: number;
  /** The client has no AsyncLocalStorage, as in browsers. */
  isBlind: boolean;
  actions: Action[];
}

function makePlan(seed: number): Plan {
  const lot = new Prng(Math.imul(seed, 0x9e3779b1) ^ 0x2545f491);
  const isBlind = lot.chance(500);
  const latency = lot.pick([0, 0, 1, 4]);
  const span = lot.pick([0, 5, 30]);
  const actions = Array.from({ length: 2 + lot.below(14) }, () => ({
    at: lot.below(span + 1),
    side: lot.pick(SIDES),
    isAsk: lot.chance(350),
    work: makeWork(lot, 0),
  }));
  actions.sort((a, b) => a.at - b.at);
  return { seed, latency, isBlind, actions };
}

function makeWork(lot: Prng, depth: number): Work {
  const count = lot.below(depth < 3 ? 4 - depth : 1);
  return {
    namespace: lot.pick(NAMESPACES),
    form: lot.pick(FORMS),
    place: 0,
    steps: Array.from({ length: count }, () => makeStep(lot, depth)),
  };
}

function makeStep(lot: Prng, depth: number): Step {
  const kind = lot.pick(["wait", "wait", "emit", "ask", "ask"] as const);
  if (kind === "wait" || depth >= 3) {
    return { do: "wait", ms: lot.pick([0, 1, 3, 8]) };
  }
  const work = makeWork(lot, depth + 1);
  return kind === "emit"
    ? { do: "emit", work }
    : { do: "ask", work, isAwaited: lot.chance(800) };
}

/** One side of a walk: what it has sent, and what its handlers do. */
class Half {
  readonly side: Side;
  readonly walk: OrderWalk;
  conn!: Conn;
  /** The handlers that run; one that was begun and not awaited does not. */
  readonly running = new Set<Run>();
  /** The places of the messages that it has sent: plain ones, and asks. */
  sent = 0;
  /** The places of the messages of the other side that it has handled. */
  readonly handled = new Set<number>();
  #lastPlain = 0;
  #lastAsk = 0;
  /** The asks that no handler has made, and that are not answered. */
  #outside = 0;
  #calls = 0;
  #ending = 0;

  constructor(side: Side, walk: OrderWalk) {
    this.side = side;
    this.walk = walk;
  }

  /** The events of one namespace: one for each form and kind of message. */
  events(): Events {
    const events: Events = {};
    for (const form of FORMS) {
      for (const isAsk of [false, true]) {
        events[`${isAsk ? "ask" : "say"}-${form}`] = this.#handler(form, isAsk);
      }
    }
    return events;
  }

  #handler(form: Form, isAsk: boolean): Events[string] {
    const handle = (nsConn: NSConn, work: Work, isLater: boolean) => {
      const { place, steps } = work;
      const run: Run = { place, isAsk, form, asks: 0 };
      this.#begin(run);
      if (!isLater) {
        // What it begins goes on by itself.
        void this.#work(nsConn, steps, run);
        this.running.delete(run);
        return place;
      }
      return this.#work(nsConn, steps, run).then(() => {
        this.#end(run);
        return place;
      });
    };
    switch (form) {
      case "sync":
        return (nsConn, msg) => handle(nsConn, msg.json<Work>(), false);
      case "async":
        return async (nsConn, msg) =>
          await handle(nsConn, msg.json<Work>(), true);
      case "promise":
        return (nsConn, msg) => handle(nsConn, msg.json<Work>(), true);
      case "mixed":
        return (nsConn, msg) =>
          handle(nsConn, msg.json<Work>(), this.#calls++ % 2 === 1);
      case "thenable":
        return (nsConn, msg) => {
          const result = Promise.resolve(
            handle(nsConn, msg.json<Work>(), true),
          );
          return { then: result.then.bind(result) };
        };
    }
  }

  #begin(run: Run): void {
    const { place, isAsk } = run;
    const what = `${isAsk ? "ask" : "event"} ${place}`;
    if (this.handled.has(place)) this.#wrong(`${what} comes twice`);
    const last = isAsk ? this.#lastAsk : this.#lastPlain;
    if (place < last) this.#wrong(`${what} comes after ${last}`);
    if (isAsk) this.#lastAsk = place;
    else this.#lastPlain = place;
    for (const other of this.running) {
      if (isAsk && this.#mayWait(other)) continue;
      this.#wrong(`${what} begins while ${other.place} runs`);
    }
    if (this.running.size === 0 && this.#ending === 0) {
      for (let each = 1; each < place; each++) {
        if (this.handled.has(each)) continue;
        this.#wrong(`${what} overtakes ${each} of an idle side`);
      }
    }
    this.handled.add(place);
    this.running.add(run);
  }

  #end(run: Run): void {
    this.running.delete(run);
    if (run.asks === 0 && this.#isTraced(run)) return;
    // It has not awaited its asks: the queue sees its end some awaits later.
    this.#ending++;
    this.walk.clock.set(0, () => this.#ending--);
  }

  /** Whether the queue knows which asks come from a handler. */
  #isTraced({ form }: Run): boolean {
    const isBlind = this.walk.plan.isBlind && this.side === "client";
    // A mixed one has shown itself to be synchronous before.
    return !isBlind && form !== "mixed";
  }

  /** Whether a handler may be one that waits for an answer. */
  #mayWait(run: Run): boolean {
    if (run.asks > 0 || this.#isTraced(run)) return run.asks > 0;
    return this.#outside > 0 || [...this.running].some(({ asks }) => asks > 0);
  }

  async #work(nsConn: NSConn, steps: Step[], run: Run): Promise<void> {
    for (const step of steps) {
      if (step.do === "wait") await this.walk.sleep(step.ms);
      else if (step.do === "emit") this.emit(nsConn.conn, step.work);
      else {
        const answered = this.ask(nsConn.conn, step.work, run);
        if (step.isAwaited) await answered;
      }
    }
  }

  emit(conn: Conn, work: Work): void {
    const { namespace, form } = work;
    work.place = ++this.sent;
    conn.namespace(namespace)!.emit(`say-${form}`, work);
  }

  async ask(conn: Conn, work: Work, run?: Run): Promise<void> {
    const { namespace, form } = work;
    const place = work.place = ++this.sent;
    // An ask of a handler that has ended is one from outside.
    const isInside = run !== undefined && this.running.has(run);
    if (isInside) run.asks++;
    else this.#outside++;
    try {
      const answer = await conn.namespace(namespace)!.ask(`ask-${form}`, work);
      if (answer.json() === place) return;
      this.#wrong(`ask ${place} gets the answer ${answer.text()}`);
    } catch (error) {
      this.#wrong(`ask ${place} fails: ${(error as Error).message}`);
    } finally {
      if (isInside) run.asks--;
      else this.#outside--;
    }
  }

  #wrong(text: string): void {
    this.walk.faults.push(`${this.side}: ${text}`);
  }
}

/** One walk. */
class OrderWalk {
  readonly plan: Plan;
  readonly clock: WalkClock;
  readonly faults: string[] = [];
  readonly halves: Record<Side, Half> = {
    client: new Half("client", this),
    server: new Half("server", this),
  };

  constructor(plan: Plan, clock: WalkClock) {
    this.plan = plan;
    this.clock = clock;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.set(ms, resolve));
  }

  async run(): Promise<void> {
    const { plan, clock, halves } = this;
    const { client, server } = halves;
    const handler = ({ side }: Half) => {
      const all = NAMESPACES.map((name) => [name, halves[side].events()]);
      return Object.fromEntries(all);
    };
    const memory = new MemoryServer(handler(server));
    const socket = this.#delayed(await memory.open());
    const dialled = () =>
      memory.dial(handler(client), {
        transport: () => socket,
        // With a heartbeat there would always be something left to happen.
        heartbeat: false,
      });
    const dialling = plan.isBlind ? withoutTracing(dialled) : dialled();
    await this.#until(dialling);
    const program: Client = await dialling;
    client.conn = program.conn;
    server.conn = memory.server.connections[0]!;
    await this.#until(
      Promise.all(NAMESPACES.map((name) => program.connect(name))),
    );
    const start = clock.now;
    for (const { at, side, isAsk, work } of plan.actions) {
      await clock.passUntil(start + at);
      const half = halves[side];
      if (isAsk) void half.ask(half.conn, work);
      else half.emit(half.conn, work);
    }
    if (!await clock.rest()) this.faults.push("it never comes to rest");
    for (const [half, other] of [[client, server], [server, client]] as const) {
      if (half.handled.size === other.sent) continue;
      const { size } = half.handled;
      this.faults.push(`${half.side}: handles ${size} of ${other.sent}`);
    }
    this.faults.push(...memory.errors.map((error) => `reported: ${error}`));
    await this.#until(program.close());
    await this.#until(memory.server.close());
  }

  /** Gives the frames of both sides the latency of a network. */
  #delayed(socket: Socket): Socket {
    const { clock, plan: { latency } } = this;
    if (latency === 0) return socket;
    const send: Socket["send"] = (data) => {
      clock.set(latency, () => socket.send(data));
      return true;
    };
    const close: Socket["close"] = (code, reason) =>
      void clock.set(latency, () => socket.close(code, reason));
    const listen: Socket["listen"] = (listener) =>
      socket.listen({
        open: () => listener.open(),
        message: (data) =>
          void clock.set(latency, () => listener.message(data)),
        close: (info) => void clock.set(latency, () => listener.close(info)),
      });
    return Object.create(socket, {
      send: { value: send },
      close: { value: close },
      listen: { value: listen },
    });
  }

  async #until(promise: Promise<unknown>): Promise<void> {
    let isSettled = false;
    promise.finally(() => isSettled = true).catch(() => {});
    await this.clock.rest(() => isSettled);
  }
}

/**
 * Walks, each walk with the seed after the one before.
 *
 * @param seed The seed of the first.
 * @param count How many.
 * @throws {FuzzFailure} When a handler begins before its turn, or never.
 */
export async function walkOrders(seed: number, count: number): Promise<void> {
  for (let next = seed; next < seed + count; next++) {
    using clock = new WalkClock();
    const walk = new OrderWalk(makePlan(next >>> 0), clock);
    await walk.run();
    if (walk.faults.length === 0) continue;
    const { isBlind, latency } = walk.plan;
    const about = `${isBlind ? "untraced, " : ""}latency ${latency} ms`;
    throw new FuzzFailure(
      `order, seed ${next} (${about})\n${walk.faults.join("\n")}`,
    );
  }
}
