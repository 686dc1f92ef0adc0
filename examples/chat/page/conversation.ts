import type { Chat } from "../chat_controller.ts";
import type { Person } from "../people.ts";
import { make } from "../../_shared/page/dom.ts";

/** Messages of one person within so many milliseconds stand together. */
const TOGETHER = 5 * 60_000;
/** How long somebody is shown to be writing. */
const TYPING = 4_000;
/** Older messages are let go. */
const MAX_ENTRIES = 1_000;

/** One conversation of the page: its tab, its messages, its people. */
export class Conversation {
  /** The room, `""` for everybody. */
  readonly room: string;
  /** What people call it. */
  readonly title: string;
  /** What selects it. */
  readonly tab: HTMLButtonElement;
  /** What shows its messages. */
  readonly panel: HTMLElement;
  readonly #badge = make("span", "badge");
  readonly #log = make("ol", "log");
  readonly #pending: HTMLElement[] = [];
  readonly #typing = new Map<string, number>();
  readonly #resizes: ResizeObserver;
  readonly #onChange: () => void;
  #isFollowing = true;
  #people: readonly Person[] | undefined;
  #unread = 0;
  #last: { readonly id: string; readonly time: number } | undefined;

  /**
   * Makes a conversation.
   *
   * @param room The room, `""` for everybody.
   * @param onChange Told when something else than the messages has changed.
   */
  constructor(room: string, onChange: () => void) {
    this.room = room;
    this.title = room || "Everybody";
    this.#onChange = onChange;
    const id = crypto.randomUUID();
    this.tab = make("button", "tab", make("bdi", "", this.title), this.#badge);
    this.tab.type = "button";
    this.tab.role = "tab";
    this.tab.id = `tab-${id}`;
    this.tab.setAttribute("aria-controls", `panel-${id}`);
    this.panel = make("div", "panel", this.#log);
    this.panel.role = "tabpanel";
    this.panel.id = `panel-${id}`;
    this.panel.tabIndex = 0;
    this.panel.setAttribute("aria-labelledby", this.tab.id);
    this.#log.role = "log";
    this.#log.ariaLabel = `Messages: ${this.title}`;
    this.panel.onscroll = () => {
      const { scrollHeight, scrollTop, clientHeight } = this.panel;
      this.#isFollowing = scrollHeight - scrollTop - clientHeight < 40;
      onChange();
    };
    // The banner, and the keyboard of a phone, take room away.
    this.#resizes = new ResizeObserver(() => {
      if (this.#isFollowing) this.scrollToEnd();
    });
    this.#resizes.observe(this.panel);
    this.isShown = false;
  }

  /** Who is here, once the server has said so. */
  get people(): readonly Person[] | undefined {
    return this.#people;
  }

  /** How many messages were not seen. */
  get unread(): number {
    return this.#unread;
  }

  /** Who is writing, in words. */
  get typing(): string {
    const now = Date.now();
    const names = (this.#people ?? [])
      .filter(({ id }) => (this.#typing.get(id) ?? 0) > now)
      .map(({ name }) => name);
    if (names.length === 0) return "";
    if (names.length > 3) return "Several people are writing…";
    const list = new Intl.ListFormat("en").format(names);
    return `${list} ${names.length === 1 ? "is" : "are"} writing…`;
  }

  /** Whether the newest message is seen, and the next one will be. */
  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** Whether it is the one that is shown. */
  get isShown(): boolean {
    return !this.panel.hidden;
  }

  set isShown(isShown: boolean) {
    this.tab.ariaSelected = String(isShown);
    this.tab.tabIndex = isShown ? 0 : -1;
    this.panel.hidden = !isShown;
    if (!isShown || document.hidden) return;
    this.#setUnread(0);
    this.tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (this.#isFollowing) this.scrollToEnd();
  }

  /** Shows the newest message. */
  scrollToEnd(): void {
    this.panel.scrollTop = this.panel.scrollHeight;
  }

  /** Takes it out of the page. */
  remove(): void {
    this.#resizes.disconnect();
    this.tab.remove();
    this.panel.remove();
  }

  /** Shows what somebody has said, or that it is said what we have sent. */
  receive(chat: Chat, own: Person | undefined): void {
    if (chat.id === own?.id) return this.#confirm(chat);
    this.#typing.delete(chat.id);
    this.#append(this.#draw(chat, "message"));
    const isSeen = this.isShown && !document.hidden;
    this.#setUnread(isSeen ? 0 : this.#unread + 1);
  }

  /** Shows what we say, before the server has said that it is so. */
  send(text: string, person: Person): void {
    const chat = { ...person, text, time: new Date().toISOString() };
    const entry = this.#draw(chat, "message own pending");
    this.#pending.push(entry);
    this.#append(entry);
    this.scrollToEnd();
  }

  /** The server does not want what we said, or cannot be told. */
  refuse(reason: string): void {
    const entry = this.#pending.shift();
    entry?.classList.replace("pending", "failed");
    entry?.append(make("p", "reason", `Not sent: ${reason}`));
  }

  /** The connection is lost, and with it what was on its way. */
  lose(): void {
    while (this.#pending.length > 0) this.refuse("the connection was lost");
    this.#typing.clear();
    this.#people = undefined;
    this.#onChange();
  }

  /** Says something about the conversation itself. */
  note(text: string): void {
    this.#last = undefined;
    this.#append(make("li", "note", text, " · ", drawTime()));
  }

  /** Takes the list of those who are here, and says how it has changed. */
  setPeople(people: readonly Person[], own: Person | undefined): void {
    const before = this.#people;
    this.#people = people;
    for (const { id, name } of before === undefined ? [] : people) {
      if (id === own?.id) continue;
      const known = before?.find((person) => person.id === id);
      if (known === undefined) this.note(`${name} is here`);
      else if (known.name !== name) {
        this.note(`${known.name} is now called ${name}`);
      }
    }
    for (const { id, name } of before ?? []) {
      if (!people.some((person) => person.id === id)) {
        this.note(`${name} has left`);
      }
    }
    this.#onChange();
  }

  /** Somebody is writing. */
  setTyping({ id }: Person): void {
    this.#typing.set(id, Date.now() + TYPING);
    setTimeout(this.#onChange, TYPING);
    this.#onChange();
  }

  /** Of what is on its way, the server has the first now. */
  #confirm({ time }: Chat): void {
    const entry = this.#pending.shift();
    entry?.classList.remove("pending");
    entry?.querySelector("time")?.replaceWith(drawTime(time));
  }

  #setUnread(count: number): void {
    this.#unread = count;
    this.#badge.textContent = count === 0 ? "" : String(Math.min(count, 99));
    this.tab.ariaLabel = count === 0
      ? this.title
      : `${this.title}, ${count} unread`;
    this.#onChange();
  }

  #draw({ id, name, text, time }: Chat, className: string): HTMLElement {
    const date = Date.parse(time);
    const isTogether = this.#last?.id === id &&
      date - this.#last.time < TOGETHER;
    this.#last = { id, time: date };
    const entry = make("li", isTogether ? `${className} together` : className);
    const author = make("bdi", "author", name);
    author.style.setProperty("--hue", String(hueOf(name)));
    entry.append(
      make("p", "head", author, " ", drawTime(time)),
      make("p", "text", text),
    );
    return entry;
  }

  #append(entry: HTMLElement): void {
    this.#log.append(entry);
    while (this.#log.childElementCount > MAX_ENTRIES) {
      this.#log.firstElementChild?.remove();
    }
    if (this.#isFollowing) this.scrollToEnd();
  }
}

function drawTime(time = new Date().toISOString()): HTMLTimeElement {
  const date = new Date(time);
  const short = { hour: "2-digit", minute: "2-digit" } as const;
  const element = make("time", "", date.toLocaleTimeString([], short));
  element.dateTime = time;
  element.title = date.toLocaleString();
  return element;
}

/** A colour for a name, always the same. */
function hueOf(name: string): number {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)!) % 360;
  return hash;
}
