import type { AskOptions } from "../api/ask_options.ts";
import { encodeEvent, encodeRoute } from "../protocol/codec.ts";
import { AskTimeoutError, CloseError } from "../protocol/errors.ts";
import {
  OnNamespaceConnect,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomLeave,
} from "../protocol/event_names.ts";
import { Message } from "../protocol/message.ts";
import { timeoutError } from "./asks.ts";
import type { NSState } from "./namespace_state.ts";
import type { Core } from "./session.ts";
import type { Turns } from "./turn_queue.ts";

/** How an event of the life cycle came about. */
export interface Cause {
  readonly isLocal?: boolean;
  readonly isForced?: boolean;
}

/** This side did it. */
export const LOCAL: Cause = { isLocal: true };

/** The socket is gone. */
export const DROPPED: Cause = { isLocal: true, isForced: true };

/** How long an answer that nobody waits for any more is looked out for. */
const LATE = 60_000;

/**
 * Asks, and completes what was asked once the other side has agreed. What
 * came after its answer waits for that.
 */
export function exchange<T>(
  state: NSState,
  room: string,
  event: string,
  options: AskOptions,
  turns: Turns,
  complete: () => Promise<T>,
): Promise<T> {
  const { core, namespace } = state;
  const { queue, host: { timers, limits } } = core;
  const { timeout = limits.askTimeout, signal } = options;
  const head = { namespace, room, event };
  const scope = room === "" ? state.scope : encodeRoute(namespace, room);
  const refusal = core.asks.refusal(head, timeout, signal);
  if (refusal !== undefined) return Promise.reject(refusal.error);
  queue.suspend(turns);
  return new Promise<T>((resolve, reject) => {
    let isWaiting = true;
    const giveUp = (error: unknown) => {
      if (!isWaiting) return;
      isWaiting = false;
      timers.clear(timeout, deadline);
      signal?.removeEventListener("abort", onAbort);
      queue.resume(turns);
      reject(error);
    };
    const onAbort = () => giveUp(signal?.reason);
    const onTimeout = () => giveUp(timeoutError(head, timeout));
    const deadline = timers.set(timeout, onTimeout);
    signal?.addEventListener("abort", onAbort);
    core.asks.ask(
      head,
      (wait) => encodeEvent(wait, scope, event, ""),
      { timeout: Math.max(LATE, 2 * timeout) },
      (answer, error) => {
        if (answer === undefined) return giveUp(error);
        const isLate = !isWaiting;
        isWaiting = false;
        timers.clear(timeout, deadline);
        signal?.removeEventListener("abort", onAbort);
        // Nobody waits for what the other side has granted too late.
        if (isLate && isEntry(event)) return undo(state, room, opposite(event));
        queue.interject(async () => {
          try {
            resolve(await complete());
          } catch (cause) {
            reject(cause);
          } finally {
            if (!isLate) queue.resume(turns);
          }
        });
      },
    );
  });
}

/**
 * Waits for what is under way already. It may be the very hook that waits
 * which keeps it from ending, so there is a time limit.
 */
export function joinIn<T>(
  core: Core,
  underWay: Promise<T>,
  { timeout = core.host.limits.askTimeout, signal }: AskOptions,
  what: string,
): Promise<T> {
  const { asks, queue, host: { timers } } = core;
  const refusal = asks.limitError(what);
  if (refusal !== undefined) return Promise.reject(refusal);
  asks.joined++;
  const turns = queue.callers();
  queue.suspend(turns);
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort);
    const deadline = timers.set(
      timeout,
      () =>
        reject(
          new AskTimeoutError(`Cannot ${what}: it took ${timeout} ms`, timeout),
        ),
    );
    underWay.then(resolve, reject).finally(() => {
      timers.clear(timeout, deadline);
      signal?.removeEventListener("abort", onAbort);
    });
  }).finally(() => {
    asks.joined--;
    queue.resume(turns);
  });
}

/** Takes back what the other side may have granted without our knowing. */
export function undo(state: NSState, room: string, event: string): void {
  const { core, namespace } = state;
  // It may have been granted in another way meanwhile.
  if (room !== "" && state.rooms.has(room)) return;
  core.asks.ask(
    { namespace, room, event },
    (wait) => encodeEvent(wait, encodeRoute(namespace, room), event, ""),
    {},
    () => {},
  );
}

/** Fires an event that nobody can refuse. */
export async function tell(
  state: NSState,
  event: string,
  room: string,
  cause: Cause,
): Promise<void> {
  const told = lifeCycleMessage(state, event, room, cause);
  try {
    await fire(state, told);
  } catch (error) {
    state.core.report(error, told);
    try {
      if (error instanceof CloseError) {
        state.core.close(error.code, error.message);
      }
    } catch {
      // What cannot be read asks for nothing.
    }
  }
}

/** Fires an event of the life cycle; throws what its handler throws. */
export async function fire(state: NSState, msg: Message): Promise<void> {
  const result = await state.events.hooks.get(msg.event)?.(state, msg);
  if (result instanceof Error) throw result;
}

/** Makes the message of an event of the life cycle. */
export function lifeCycleMessage(
  { namespace }: NSState,
  event: string,
  room: string,
  cause: Cause,
): Message {
  return new Message({ namespace, room, event, ...cause });
}

function isEntry(event: string): boolean {
  return event === OnNamespaceConnect || event === OnRoomJoin;
}

function opposite(event: string): string {
  return event === OnNamespaceConnect ? OnNamespaceDisconnect : OnRoomLeave;
}
