/** The names of the built-in events. */

/** Fired before a namespace is connected; an error refuses it. */
export const OnNamespaceConnect = "_OnNamespaceConnect";

/** Fired after a namespace is connected. */
export const OnNamespaceConnected = "_OnNamespaceConnected";

/** Fired when a namespace is left; on the server an error refuses it. */
export const OnNamespaceDisconnect = "_OnNamespaceDisconnect";

/** Fired before a room is joined; an error refuses it. */
export const OnRoomJoin = "_OnRoomJoin";

/** Fired after a room is joined. */
export const OnRoomJoined = "_OnRoomJoined";

/** Fired before a room is left; on the server an error refuses it. */
export const OnRoomLeave = "_OnRoomLeave";

/** Fired after a room is left. */
export const OnRoomLeft = "_OnRoomLeft";

/** Fired for a message whose event has no handler of its own. */
export const OnAnyEvent = "_OnAnyEvent";

/** Fired for native messages, in the empty namespace. */
export const OnNativeMessage = "_OnNativeMessage";

/** The events of the protocol itself: connect, disconnect, join, leave. */
export const LIFE_CYCLE: ReadonlySet<string> = new Set([
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
]);

const BUILT_IN: ReadonlyMap<string, string> = new Map(
  [...LIFE_CYCLE, OnAnyEvent, OnNativeMessage].flatMap((name) => [
    [name, name],
    [name.slice(1), name],
    [`o${name.slice(2)}`, name],
  ]),
);

/**
 * Tells whether an event is one of the protocol itself, of the life cycle of
 * namespaces and rooms; for instance for a log of `onAnyEvent` and middleware.
 *
 * @param event The name of the event on the wire, such as `_OnRoomJoin`.
 * @returns Whether it is one. `OnAnyEvent` and `OnNativeMessage` are not.
 *
 * @example
 * ```ts
 * import { isSystemEvent, OnRoomJoin } from "@neffos/mvc";
 *
 * console.log(isSystemEvent(OnRoomJoin)); // true
 * console.log(isSystemEvent("onChat")); // false
 * ```
 */
export function isSystemEvent(event: string): boolean {
  return LIFE_CYCLE.has(event);
}

/**
 * Finds the built-in event for the name of a method or a key.
 *
 * @param name The name: `onRoomJoin`, `OnRoomJoin` or `_OnRoomJoin`.
 * @returns The name on the wire, `undefined` if the event is not built in.
 */
export function findBuiltInEvent(name: string): string | undefined {
  return BUILT_IN.get(name);
}

/** The key of the method that makes an object a `HandlerSource`. */
export const handlerSource: unique symbol = Symbol("neffos.handlerSource");
