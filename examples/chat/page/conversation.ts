import { linkify, make, makeAvatar } from "../../_shared/page/dom.ts";
import type { Chat } from "../history.ts";
import type { Outgoing } from "./store.ts";

/** Messages of one person within so many milliseconds stand together. */
const TOGETHER = 5 * 60_000;
/** How long a person is shown to be typing, in milliseconds. */
const TYPING = 4_000;
const MAX_MESSAGES = 100;

/** The reader of the conversation, and the messages that have not reached the server. */
export interface View {
  readonly name: string;
  readonly outbox: readonly Outgoing[];
  readonly isOnline: boolean;
}

/** What is known of a room. */
export class Conversation {
  people: readonly string[] = [];
  unread = 0;
  #messages: readonly Chat[] = [];
  /** The messages that are drawn, by their IDs. */
  #entries = new Map<string, HTMLElement>();
  readonly #typing = new Map<string, number>();

  /** Adds messages that are not known yet, and tells how many there were. */
  add(...chats: readonly Chat[]): number {
    const known = new Set(this.#messages.map(({ id }) => id));
    const fresh = chats.filter(({ id }) => !known.has(id));
    this.#messages = [...this.#messages, ...fresh]
      .sort((a, b) => a.time.localeCompare(b.time)).slice(-MAX_MESSAGES);
    for (const { name } of fresh) this.#typing.delete(name);
    return fresh.length;
  }

  /** Notes that a person is typing, and forgets it after a while. */
  setTyping(name: string, onChange: () => void): void {
    this.#typing.set(name, Date.now() + TYPING);
    setTimeout(onChange, TYPING);
  }

  /** Writes the names of the people that are typing. */
  describeTyping(): string {
    const names = this.people
      .filter((name) => (this.#typing.get(name) ?? 0) > Date.now());
    if (names.length > 3) return "Several people are typing…";
    const list = new Intl.ListFormat("en").format(names);
    return list && `${list} ${names.length === 1 ? "is" : "are"} typing…`;
  }

  /** Draws the messages, and below them those that are on their way. */
  draw({ name, outbox, isOnline }: View): HTMLElement[] {
    const status = isOnline ? "Sending…" : "Queued";
    const lines = [
      ...this.#messages.map((chat) => ({ ...chat, status: "" })),
      ...outbox.map((chat) => ({ ...chat, name, status })),
    ];
    const known = this.#entries;
    // Those that have scrolled out of the history are forgotten.
    this.#entries = new Map();
    return lines.map((line, index) => {
      const entry = known.get(line.id) ?? drawMessage(line);
      this.#entries.set(line.id, entry);
      const before = lines[index - 1];
      const isTogether = before?.name === line.name &&
        Date.parse(line.time) - Date.parse(before.time) < TOGETHER;
      entry.classList.toggle("together", isTogether);
      entry.classList.toggle("own", line.name === name);
      entry.classList.toggle("pending", line.status !== "");
      entry.querySelector(".status")!.textContent = line.status;
      return entry;
    });
  }
}

function drawMessage({ name, text, time }: Omit<Chat, "id">): HTMLElement {
  const date = new Date(time);
  const short = { hour: "2-digit", minute: "2-digit" } as const;
  const clock = make("time", "", date.toLocaleTimeString([], short));
  clock.dateTime = time;
  clock.title = date.toLocaleString();
  const bubble = make(
    "div",
    "bubble",
    make("p", "author", make("bdi", "", name)),
    make("p", "text", ...linkify(text)),
    make("p", "meta", clock, " ", make("span", "status")),
  );
  return make("li", "message", makeAvatar(name), bubble);
}
