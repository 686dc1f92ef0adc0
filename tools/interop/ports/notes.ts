/**
 * What the servers of the ports share: their log, and how they know their
 * users.
 *
 * @module
 */

import type { ServerOptions } from "../../../mod.ts";
import type { Journal } from "../journal.ts";

/** The parts of a line, of which a `Message` has the last four. */
interface Noted {
  event: string;
  namespace?: string;
  room?: string;
  body?: unknown;
}

/** The log of a port's server, in the format of the Go programs. */
export class Notes {
  readonly #journal: Journal;

  /**
   * Makes the log.
   *
   * @param journal The lines.
   */
  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /**
   * Notes what somebody sent.
   *
   * @param who The sender.
   * @param message The message.
   */
  note(who: unknown, message: Noted): void {
    const { event, namespace = "", room = "", body = "" } = message;
    const [ns, in_, text] = [namespace, room, `${body}`]
      .map((value) => JSON.stringify(value));
    this.#journal.push(`${who} ${event} ns=${ns} room=${in_} body=${text}`);
  }

  /**
   * Notes something else than a message.
   *
   * @param who Whom it is about.
   * @param event What has happened.
   * @param body More about it.
   */
  say(who: unknown, event: string, body: unknown = ""): void {
    this.note(who, { event, body });
  }
}

/**
 * Makes the options of a server that knows its users by a header.
 *
 * @param notes The log of the server.
 * @returns The options.
 */
export function namedUsers(notes: Notes): ServerOptions {
  return {
    // A page sends its headers as URL parameters.
    parameterHeaders: ["Authorization", "X-Websocket-*", "X-Username"],
    idGenerator: ({ headers }) =>
      headers.get("x-username") ?? crypto.randomUUID(),
    onDisconnect: (conn) => notes.say(conn, "disconnected"),
  };
}
