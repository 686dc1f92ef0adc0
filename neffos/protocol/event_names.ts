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
      `Cannot ask "${event}": it is an event of the protocol, which connect(), joinRoom(), leave() and disconnect() send`,
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
  return BUILT_IN.get(name);
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

/** Forms of the built-in events that people write and that do not exist. */
const WRONG_FORMS: readonly (readonly [wrong: string, right: string])[] = [
  ["namespaceconnecting", OnNamespaceConnect],
  ["namespacedisconnected", OnNamespaceDisconnect],
  ["namespacedisconnecting", OnNamespaceDisconnect],
  ["roomjoining", OnRoomJoin],
  ["roomleaving", OnRoomLeave],
  ["roomleaved", OnRoomLeft],
];

const FORMS = [
  ...[...LIFE_CYCLE, OnAnyEvent, OnNativeMessage]
    .map((name) => [name.slice(3).toLowerCase(), name] as const),
  ...WRONG_FORMS,
];

/**
 * Finds the built-in event that the name of a method or a key was meant to be:
 * `onNamespaceDisconnected`, `OnRoomJoind`.
 *
 * @param name The name.
 * @returns What to write, `undefined` if it is right or far from all of them.
 */
export function findMeantEvent(name: string): string | undefined {
  if (BUILT_IN.has(name) || hasOtherWord(name)) return undefined;
  const [, bare] = /^on(.+)/.exec(name.replaceAll("_", "").toLowerCase()) ?? [];
  const found = FORMS.filter(([form]) => bare && isTypo(bare, form))
    .map(([, event]) => `o${event.slice(2)}`);
  return found.length === 0 ? undefined : [...new Set(found)].join(" or ");
}

/** Whether a name is a built-in one with one more word: `onAnyEventX`. */
function hasOtherWord(name: string): boolean {
  return /[\p{Lu}\p{N}_]$/u.test(name) && BUILT_IN.has(name.slice(0, -1));
}

/** The length from which a name with another letter is no other word. */
const MIN_LONG = 12;

/** Whether a text is nearly a form; `zoomjoin` and `roomlease` are words of their own. */
function isTypo(text: string, form: string): boolean {
  return isNearly(text, form) &&
    (form.length >= MIN_LONG || text.length !== form.length || text === form ||
      [...text].toSorted().join() === [...form].toSorted().join()) &&
    text.charAt(0) === form.charAt(0);
}

/** Whether two texts differ by at most one letter, or two that are swapped. */
export function isNearly(a: string, b: string): boolean {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const [restA, restB] = [a.slice(i), b.slice(i)];
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    (restA.slice(2) === restB.slice(2) &&
      restA.charAt(0) + restA.charAt(1) === restB.charAt(1) + restB.charAt(0));
}

/**
 * The key of the method that makes an object a `HandlerSource`.
 *
 * @category Protocol
 */
export const handlerSource: unique symbol = Symbol("neffos.handlerSource");
