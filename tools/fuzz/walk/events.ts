import { hasFailed } from "./last_call.ts";
import type { Conn, Message, NSConn, Room } from "../../../neffos/mod.ts";
import { type MadeEmit, nameOf } from "./journal.ts";
import type { Call, Side } from "./plan.ts";
import type { World } from "./world.ts";

/** The events that a walk emits, and their arrival. */
export class Events {
  readonly #world: World;
  /** The event that arrived last, by sender and name. */
  readonly #last = new Map<string, number>();
  /** How many handlers of events run. */
  readonly #running = new Map<Conn, number>();

  constructor(world: World) {
    this.#world = world;
  }

  emit(
    side: Side,
    { namespace, room }: Pick<Call, "namespace" | "room">,
    target: NSConn | Room,
  ): undefined {
    const { journal, isAway, losses, book } = this.#world;
    const made: MadeEmit = {
      id: journal.emits.length + 1,
      side,
      namespace,
      room,
      isTaken: false,
      isAway: side === "client" && isAway,
      losses,
      begun: journal.next(),
      arrivals: 0,
    };
    journal.emits.push(made);
    const name = nameOf(made);
    made.isTaken = target.emit("onSay", String(made.id));
    journal.note(() =>
      `${side} emits [e${made.id}] to ${name}: ${made.isTaken}`
    );
    if (!made.isAway || !made.isTaken || book.former.has(name)) return;
    if (hasFailed(this.#world, made)) return;
    journal.fail("kept for what was left", `[e${made.id}] for ${name}`);
  }

  /** An event sets out: its sender has to be where it sends it. */
  sent(
    side: Side,
    emit: { namespace: string; room: string; id: number },
  ): void {
    const { journal } = this.#world;
    const { namespace, room, id } = emit;
    if (this.#world.find(side, namespace, room) !== undefined) return;
    journal.fail(
      "an event arrives where it must not",
      `the ${side} sends [e${id}] to ${nameOf(emit)}, and is out`,
    );
  }

  /** An event has come to its handler. */
  arrived(side: Side, nsConn: NSConn, msg: Message): void {
    const { journal } = this.#world;
    const id = Number(msg.body);
    const { namespace, room } = msg;
    const name = nameOf(msg);
    journal.note(() => `${side} handles [e${id}] of ${name}`);
    const made = journal.emits[id - 1]!;
    made.arrivals++;
    if (made.arrivals > 1) {
      const text = `[e${id}] arrives twice`;
      journal.fail("an event arrives where it must not", text);
    }
    const isIn = nsConn.conn.namespace(namespace) !== undefined &&
      (room === "" || nsConn.room(room) !== undefined);
    if (!isIn) {
      const text = `[e${id}] of ${name}, where the ${side} is out`;
      journal.fail("an event arrives where it must not", text);
    }
    const conn = this.#world.numberOf(side, nsConn.conn);
    const key = `${side} ${conn} ${name}`;
    const last = this.#last.get(key) ?? 0;
    if (id < last) {
      const text = `[e${id}] of ${name} comes after [e${last}]`;
      journal.fail("events are overtaken", text);
    }
    this.#last.set(key, id);
    const running = this.#running.get(nsConn.conn) ?? 0;
    this.#running.set(nsConn.conn, running + 1);
    // An ask to leave takes the events along that nothing could handle later.
    const mayOverlap = journal.calls.some((call) =>
      call.side !== side && /^(leave|disconnect)/.test(call.op)
    );
    if (running === 0 || mayOverlap) return;
    const text = `[e${id}] of ${name} while ${running} are handled`;
    journal.fail("events overlap", text);
  }

  /** A handler of an event has ended. */
  handled({ conn }: NSConn): void {
    this.#running.set(conn, this.#running.get(conn)! - 1);
  }
}
