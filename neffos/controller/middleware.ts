import type { NSConn } from "../api/ns_conn.ts";
import { EventError } from "../protocol/errors.ts";
import {
  isSystemEvent,
  OnNamespaceConnect,
  OnRoomJoin,
} from "../protocol/event_names.ts";
import type { Message } from "../protocol/message.ts";
import type { Binding, EventMiddleware } from "./events.ts";
import { staticOf } from "./members.ts";

/** A handler as the dispatcher calls it. */
export interface CompiledHandler {
  (state: HandlerState, msg: Message): unknown;
  /** Whether it stands for an async function. */
  readonly isAsync?: boolean | undefined;
}

/** What the dispatcher's state has for its handlers. */
export interface HandlerState {
  /** The connection in the namespace. */
  readonly nsConn: NSConn;
  /** What the sources made for it. */
  bindings: Binding[];
  /** `"left"` also where it was never let in. */
  readonly status: "connecting" | "connected" | "left";
  /** Tells the program of an exception that comes too late to be answered. */
  report(error: unknown, event: string): void;
}

/**
 * Puts middleware around a handler, the first one outermost.
 *
 * Who asks to come in is refused unless the handler has let them in: a guard
 * that merely does not call `next()` keeps out, and one that swallows a
 * refusal does not let in. What has happened already is told to the handler
 * whatever the middleware does: it may have to clean up.
 */
export function wrapHandler(
  handler: CompiledHandler,
  middleware: readonly EventMiddleware[],
): CompiledHandler {
  if (middleware.length === 0) return handler;
  const wrapped = (state: HandlerState, msg: Message) =>
    run({ state, handler, middleware }, msg);
  return Object.assign(wrapped, { isAsync: true });
}

/**
 * Reads the `static use` of a controller.
 *
 * @throws {TypeError} When it is no array of functions.
 */
export function middlewareOf(
  controller: object,
  name: string,
): EventMiddleware[] {
  const use = staticOf(controller, "use") ?? [];
  assertMiddleware(use, name);
  return [...use];
}

/**
 * Checks a list of middleware that the compiler may not have seen.
 *
 * @throws {TypeError} When it is no array of functions.
 */
export function assertMiddleware(
  use: unknown,
  name: string,
): asserts use is EventMiddleware[] {
  if (Array.isArray(use) && use.every((each) => typeof each === "function")) {
    return;
  }
  throw new TypeError(
    `Cannot use middleware in ${name}: it should be an array of functions (nsConn, msg, next)`,
  );
}

interface Around {
  readonly state: HandlerState;
  readonly handler: CompiledHandler;
  readonly middleware: readonly EventMiddleware[];
}

/** A promise that knows whether anybody waits for it. */
class WatchedPromise extends Promise<unknown> {
  isWatched = false;

  /** Tells of a rejection that nobody waits for, which would end the program. */
  tellUnwatched(tell: (error: unknown) => void): void {
    super.then(undefined, (error) => {
      if (!this.isWatched) tell(error);
    });
  }

  // `await` goes through this method, since it is no plain Promise.
  override then<A = unknown, B = never>(
    onResolve?: ((value: unknown) => A | PromiseLike<A>) | null,
    onReject?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isWatched = true;
    return super.then(onResolve, onReject);
  }

  // What its methods return is of no interest.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }
}

async function run(around: Around, msg: Message): Promise<unknown> {
  const { state, handler, middleware } = around;
  let reached = -1;
  let handled: Promise<unknown> | undefined;

  function enter(index: number, message: Message): WatchedPromise {
    // Thrown here and now: a rejection might not be awaited.
    if (index <= reached) {
      throw new Error(
        `Cannot call next() for event "${msg.event}": the middleware has called it already, and should call it once`,
      );
    }
    reached = index;
    const result = step(index, message);
    if (index === middleware.length) handled = result;
    return new WatchedPromise((resolve) => resolve(result));
  }

  async function step(index: number, message: Message): Promise<unknown> {
    let rest: WatchedPromise | undefined;
    const next = (changed = message) => {
      rest = enter(index + 1, changed);
      // For now: it may be waited for later.
      rest.tellUnwatched(() => {});
      return rest;
    };
    try {
      const result = await (index < middleware.length
        ? middleware[index]!(state.nsConn, message, next)
        : handler(state, message));
      if (result instanceof Error) {
        throw result;
      }
      return result;
    } finally {
      rest?.tellUnwatched((error) => state.report(error, msg.event));
    }
  }

  const { length } = middleware;
  try {
    const result = await enter(0, msg);
    if (!isSystemEvent(msg.event)) return result;
    if (handled === undefined) {
      if (!isToldOnly(msg)) throw new EventError("refused");
      return await enter(length, msg);
    }
    // Nor does it let in who was refused by what it has not waited for.
    return isToldOnly(msg) ? result : await handled;
  } catch (error) {
    if (handled === undefined && isToldOnly(msg)) await enter(length, msg);
    throw error;
  }
}

/** Whether an event of the life cycle is told after the fact. */
function isToldOnly({ event, wait }: Message): boolean {
  return isSystemEvent(event) && wait === "" &&
    event !== OnNamespaceConnect && event !== OnRoomJoin;
}
