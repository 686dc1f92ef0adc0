import {
  AskTimeoutError,
  type EntryOptions,
  NeffosError,
  type NSConn,
  type Room,
} from "../../../neffos/mod.ts";
import { type HookRun, type MadeCall, nameOf, textOf } from "./journal.ts";
import { type Call, isLimited, type Side } from "./plan.ts";
import type { World } from "./world.ts";

/** The time limit of a call that has none of its own. */
const DEFAULT_TIMEOUT = 10_000;

/** Calls what programs call, and watches what becomes of it. */
export class Calls {
  readonly #world: World;
  readonly #loose: (() => void)[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * Makes a call.
   *
   * @param side Whose program calls.
   * @param call What it calls.
   * @param from The hook that calls, and its connection in the namespace; or
   * whether the promise is not looked at until all is at rest.
   * @returns What the call returns; nothing where there is nothing to call,
   * or where the promise is not looked at.
   */
  make(
    side: Side,
    call: Call,
    { by, isLoose = false }: {
      by?: { run: HookRun; nsConn: NSConn };
      isLoose?: boolean;
    } = {},
  ): Promise<unknown> | undefined {
    const world = this.#world;
    const conn = by?.nsConn.conn ??
      (side === "client" ? world.client?.conn : world.conn);
    if (conn === undefined) return undefined;
    const { namespace, room } = call;
    const nsConn = by?.run.namespace === namespace
      ? by.nsConn
      : conn.namespace(namespace) ?? world.recall(conn, namespace);
    const target = room === "" || call.op === "join"
      ? nsConn
      : nsConn?.room(room) ?? world.recall(conn, namespace, room);
    const needsNone = call.op === "connect" || call.op === "wait" ||
      call.op === "disconnectAll";
    if (target === undefined && !needsNone) return undefined;
    if (call.op === "emit") return world.events.emit(side, call, target!);
    const controller = call.abortAfter === undefined
      ? undefined
      : new AbortController();
    const options = {
      ...call.timeout !== undefined && { timeout: call.timeout },
      ...controller && { signal: controller.signal },
    };
    const { journal, clock, book } = world;
    const made: MadeCall = {
      ...call,
      id: journal.calls.length + 1,
      side,
      by: by?.run,
      names: namesOf(call, conn.namespaces, nsConn),
      wasIn: world.find(side, namespace, room) !== undefined,
      isAway: side === "client" && world.isAway,
      mustResolve: this.#mustResolve(side, call),
      begun: journal.next(),
      beganAt: clock.now,
      ended: 0,
      result: "pending",
    };
    journal.calls.push(made);
    journal.note(() => describeMade(made));
    book.called(made);
    if (by !== undefined && isLeaving(call)) by.run.hasAgreed = true;
    if (controller !== undefined) {
      clock.set(call.abortAfter!, () => controller.abort());
    }
    const begin: Record<
      Exclude<Call["op"], "emit">,
      () => Promise<unknown>
    > = {
      connect: () => conn.connect(namespace, { ...options, ...bodyOf(made) }),
      wait: () => conn.waitConnect(namespace, options),
      disconnectAll: () => conn.disconnectAll(options),
      disconnect: () => nsConn!.disconnect(options),
      join: () => nsConn!.joinRoom(room, { ...options, ...bodyOf(made) }),
      leaveAll: () => nsConn!.leaveAll(options),
      leave: () => (target as Room).leave(options),
      ask: () => target!.ask("onAsk", nameOf(call), options),
    };
    let promise: Promise<unknown>;
    try {
      promise = begin[call.op]();
    } catch (error) {
      promise = Promise.reject(error);
      journal.fail("an undocumented rejection", `thrown: ${textOf(error)}`);
    }
    const watch = () => this.#watch(made, promise, controller?.signal);
    if (!isLoose) return watch();
    this.#loose.push(watch);
    return undefined;
  }

  /** Looks at last at the promises that were not looked at. */
  watchLoose(): void {
    for (const watch of this.#loose.splice(0)) watch();
  }

  /** Whether a client leaves, while away, what it is to come back into. */
  #mustResolve(side: Side, call: Call): boolean {
    const { isAway, isOver, book, plan } = this.#world;
    if (side === "server" || !isAway || isOver) return false;
    // A limit may have refused it: no hook tells of that.
    if (isLimited(plan.setup)) return false;
    if (call.op !== "leave" && call.op !== "disconnect") return false;
    const former = book.former.get(nameOf(call));
    return former?.isCertain === true && !former.isRefused;
  }

  #watch(
    made: MadeCall,
    promise: Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const { journal, clock } = this.#world;
    promise.then((value) => {
      made.result = "done";
      made.ended = journal.next();
      journal.note(() => `[${made.id}] resolves`);
      const { op } = made;
      if (op === "connect" || op === "join" || op === "wait") {
        this.#world.remember(value as NSConn | Room);
      }
    }, (error) => {
      // Its own time limit or signal, not that of a call that it shares.
      const limit = made.timeout ?? DEFAULT_TIMEOUT;
      const isGivenUp = signal !== undefined && error === signal.reason ||
        error instanceof AskTimeoutError &&
          clock.now - made.beganAt > limit - 0.01;
      made.result = isGivenUp ? "given up" : "failed";
      made.ended = journal.next();
      journal.note(() => `[${made.id}] rejects: ${textOf(error)}`);
      const isDocumented = isGivenUp || journal.thrown.has(error) ||
        error instanceof NeffosError && !(error instanceof AskTimeoutError);
      if (isDocumented) return;
      const text = `${describeMade(made)}: ${textOf(error)}`;
      journal.fail("an undocumented rejection", text);
    });
    return promise;
  }
}

/**
 * The body that goes with a call, of each kind in turn, which names the call;
 * {@linkcode Hooks} check that it comes with the attempt of that call.
 */
function bodyOf(made: MadeCall): EntryOptions {
  const text = `${nameOf(made)} by the ${made.side} [${made.id}]`;
  switch (made.id % 4) {
    case 0:
      return {};
    case 1:
      return { body: text };
    case 2:
      return { body: () => text };
    default:
      return { body: async () => await text };
  }
}

/** What a call is about, where it is about several. */
function namesOf(
  { op, namespace }: Call,
  namespaces: readonly NSConn[],
  nsConn: NSConn | undefined,
): MadeCall["names"] {
  if (op === "disconnectAll") {
    return namespaces.map(({ namespace }) => ({ namespace, room: "" }));
  }
  if (op !== "leaveAll") return [];
  return nsConn!.rooms.map(({ name }) => ({ namespace, room: name }));
}

function isLeaving({ op }: Call): boolean {
  return op === "disconnect" || op === "disconnectAll" || op === "leave" ||
    op === "leaveAll";
}

function describeMade(made: MadeCall): string {
  const by = made.by ? ` in ${made.by.event} ${nameOf(made.by)}` : "";
  return `${made.side} calls ${describeCall(made)} [${made.id}]${by}`;
}

/** A call, as the journal shows it. */
export function describeCall(call: Call): string {
  const { op, timeout, abortAfter } = call;
  const args: string[] = op === "disconnectAll" ? [] : [nameOf(call)];
  if (timeout !== undefined) args.push(`${timeout} ms`);
  if (abortAfter !== undefined) args.push(`abort in ${abortAfter} ms`);
  return `${op}(${args.join(", ")})`;
}
