/** The names of the built-in events. */

/**
 * Fired before a namespace is connected; an error refuses it.
 *
 * @category Events
 */
export const OnNamespaceConnect = "_OnNamespaceConnect";

/**
 * Fired after a namespace is connected.
 *
 * @category Events
 */
export const OnNamespaceConnected = "_OnNamespaceConnected";

/**
 * Fired when a namespace is left; on the server an error refuses it.
 *
 * @category Events
 */
export const OnNamespaceDisconnect = "_OnNamespaceDisconnect";

/**
 * Fired before a room is joined; an error refuses it.
 *
 * @category Events
 */
export const OnRoomJoin = "_OnRoomJoin";

/**
 * Fired after a room is joined.
 *
 * @category Events
 */
export const OnRoomJoined = "_OnRoomJoined";

/**
 * Fired before a room is left; on the server an error refuses it.
 *
 * @category Events
 */
export const OnRoomLeave = "_OnRoomLeave";

/**
 * Fired after a room is left.
 *
 * @category Events
 */
export const OnRoomLeft = "_OnRoomLeft";

/**
 * Fired for a message whose event has no handler of its own.
 *
 * @category Events
 */
export const OnAnyEvent = "_OnAnyEvent";

/**
 * Fired for native messages, in the empty namespace.
 *
 * @category Events
 */
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

/** All built-in events, by their names on the wire. */
export const BUILT_IN: ReadonlySet<string> = new Set([
  ...LIFE_CYCLE,
  OnAnyEvent,
  OnNativeMessage,
]);

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
 *
 * @category Protocol
 */
export function isSystemEvent(event: string): boolean {
  return LIFE_CYCLE.has(event);
}

/**
 * Checks the event of an ask: one that a program wrote itself about a namespace
 * or a room would change what the other side alone knows of it.
 *
 * @param event The name of the event.
 * @returns The error, `undefined` if the event may be asked.
 */
export function findBadAsk(event: string): TypeError | undefined {
  return isSystemEvent(event)
    ? new TypeError(
      `Cannot ask "${event}": it is an event of the protocol, for connect(), joinRoom() and their like`,
    )
    : undefined;
}

/**
 * Finds the built-in event for the name of a method or a key.
 *
 * @param name The name: `onRoomJoin`, `OnRoomJoin` or `_OnRoomJoin`.
 * @returns The name on the wire, `undefined` if the event is not built in.
 */
export function findBuiltInEvent(name: string): string | undefined {
  const wire = name.replace(/^(_O|O|o)n/, "_On");
  return BUILT_IN.has(wire) ? wire : undefined;
}

/**
 * Whether a name begins with a prefix as a word: a letter at the end of the
 * prefix is followed by no lower-case letter. `onChat` begins with `on`,
 * `online` does not. The first letter may be in upper or lower case.
 */
export function beginsWith(name: string, prefix: string): boolean {
  const start = name.slice(0, prefix.length);
  return name.length > prefix.length &&
    start.slice(1) === prefix.slice(1) &&
    start.charAt(0).toLowerCase() === prefix.charAt(0).toLowerCase() &&
    !(/\p{L}$/u.test(start) && /^\p{Ll}/u.test(name.slice(start.length)));
}

/**
 * The key of the method that makes an object a `HandlerSource`.
 *
 * @category Protocol
 */
export const handlerSource: unique symbol = Symbol("neffos.handlerSource");
