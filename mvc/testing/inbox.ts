/**
 * What a test client has received in one namespace, and what of it the test has
 * seen.
 *
 * @module
 */

import { findBuiltInEvent } from "../../neffos/internal.ts";
import {
  EventError,
  type Events,
  type Message,
  type NSConn,
  OnAnyEvent,
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
} from "../../neffos/mod.ts";

const LIFE_CYCLE = [
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
];

/** The longest body that a text for people shows whole, in characters. */
const MAX_BODY = 200;
/** How many messages such a text lists: the last ones. */
const MAX_LISTED = 20;

/** The messages that a test client has received in one namespace. */
export class Inbox {
  readonly #namespace: string;
  readonly #messages: Message[] = [];
  readonly #unseen = new Set<Message>();
  #handlers: ReadonlyMap<string, Events[string]> = new Map();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Records a message, and calls the handler of the test for it. */
  readonly take = (nsConn: NSConn, msg: Message): unknown => {
    this.#messages.push(msg);
    this.#unseen.add(msg);
    const handler = this.#handlers.get(msg.event) ??
      this.#handlers.get(OnAnyEvent);
    if (handler !== undefined) return handler(nsConn, msg);
    if (msg.wait === "") return;
    throw new EventError(
      `Cannot answer event "${msg.event}" of namespace "${this.#namespace}": the test client has no handler for it; give one as the option "handlers"`,
    );
  };

  /**
   * Makes the handlers of the client for this namespace.
   *
   * @param native How the server treats native messages.
   */
  makeEvents(native: "none" | "allow" | "only"): Events {
    const events: Events = {};
    if (native !== "none" && this.#namespace === "") {
      events[OnNativeMessage] = this.take;
    }
    if (native === "only") return events;
    events[OnAnyEvent] = this.take;
    for (const event of LIFE_CYCLE) {
      events[event] = (nsConn, msg) => this.#handlers.get(event)?.(nsConn, msg);
    }
    return events;
  }

  /** Sets the handlers of the test. */
  setHandlers(handlers: Events): void {
    this.#handlers = new Map(
      Object.entries(handlers).map(([name, handler]) =>
        [findBuiltInEvent(name) ?? name, handler] as const
      ),
    );
  }

  /** Lists the messages, those of one event if it is given, which are seen then. */
  list(event?: string): Message[] {
    const listed = this.#messages.filter(makeFilter(event));
    for (const msg of listed) this.#unseen.delete(msg);
    return listed;
  }

  /** Lists the messages that the test has not seen. */
  findUnseen(event?: string): Message[] {
    return [...this.#unseen].filter(makeFilter(event));
  }

  /** Marks messages as seen. */
  markSeen(messages: readonly Message[]): void {
    for (const msg of messages) this.#unseen.delete(msg);
  }

  /** Writes messages for people, one a line; those received unless given. */
  describe(messages: readonly Message[] = this.#messages): string {
    if (messages.length === 0) return "the client has received nothing";
    const rest = messages.length - MAX_LISTED;
    const lines = messages.slice(-MAX_LISTED).map((msg) =>
      `\n  ${describeMessage(msg)}${this.#unseen.has(msg) ? "" : "  (seen)"}`
    );
    return `the client has received:${rest > 0 ? `\n  (${rest} before)` : ""}${
      lines.join("")
    }`;
  }
}

function makeFilter(event: string | undefined): (msg: Message) => boolean {
  if (event === undefined) return () => true;
  const name = findBuiltInEvent(event) ?? event;
  return (msg) => msg.event === name;
}

/** Writes a message for people, in one line. */
function describeMessage(msg: Message): string {
  const { event, room, body, error } = msg;
  const text = typeof body === "string"
    ? body.length > MAX_BODY ? `${body.slice(0, MAX_BODY)}…` : body
    : `${body.length} bytes`;
  return [
    event,
    ...room === "" ? [] : [`in room "${room}"`],
    ...error === undefined ? [] : [`error "${error.message}"`],
    ...text === "" ? [] : [text],
  ].join(" ");
}
