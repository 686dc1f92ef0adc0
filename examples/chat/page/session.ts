import {
  AskTimeoutError,
  type Client,
  type CloseInfo,
  dial,
  EventError,
  type EventsOf,
  type HandlersOf,
  type NSConn,
} from "../../../neffos/client.ts";
import type {
  ChatController,
  ChatEvents,
  RoomInfo,
} from "../chat_controller.ts";
import type { Person } from "../people.ts";

/** How the connection is, for people to see. */
export type Status =
  | { readonly kind: "online" }
  /** It is lost, and is tried again after so many milliseconds. */
  | { readonly kind: "waiting"; readonly delay: number }
  | { readonly kind: "dialling" }
  /** It is over until somebody presses the button. */
  | { readonly kind: "ended"; readonly reason: string };

const ENDPOINT = "/websocket_endpoint";

const FIRST_DELAY = 500;

const LONGEST_DELAY = 15_000;

/** Time enough for a server to notice that the old connection is gone. */
const MAX_REFUSALS = 8;

const PULSE = 20_000;

/** What may be sent to the server, from the type of its controller. */
type Sent = EventsOf<typeof ChatController>;

/** A place in the chat that comes back when the connection is lost. */
export class Session {
  readonly #events: HandlersOf<ChatEvents>;
  readonly #onStatus: (status: Status) => void;
  readonly #rooms = new Set<string>();
  #client: Client | undefined;
  #nsConn: NSConn<Sent> | undefined;
  #person: Person | undefined;
  #isRedialling = false;
  #skip = () => {};

  /**
   * Makes a session; {@linkcode start} connects it.
   *
   * @param events What handles the events of the chat.
   * @param onStatus Told whenever the status changes.
   */
  constructor(
    events: HandlersOf<ChatEvents>,
    onStatus: (status: Status) => void,
  ) {
    this.#events = events;
    this.#onStatus = onStatus;
  }

  /**
   * Who we are: with another ID after each loss, and nobody before the start
   * and when the name was lost to somebody else.
   */
  get person(): Person | undefined {
    return this.#person;
  }

  /** The rooms that we are in, or will be again. */
  get rooms(): ReadonlySet<string> {
    return this.#rooms;
  }

  /**
   * Enters the chat, or takes another name.
   *
   * @param name The name.
   * @throws {EventError} When the server does not want the name, with its text.
   * @throws {NeffosError} When there is no connection.
   */
  async start(name: string): Promise<void> {
    const isFirst = this.#person === undefined;
    await this.#enter(name);
    if (isFirst) this.#onStatus({ kind: "online" });
  }

  /**
   * Sends an event.
   *
   * @param room The room, `""` for everybody.
   * @param event The event.
   * @param body The body.
   * @returns Whether it was sent.
   */
  emit(room: string, event: "onChat" | "onTyping", body = ""): boolean {
    const target = room === "" ? this.#nsConn : this.#nsConn?.room(room);
    return target?.emit(event, body) ?? false;
  }

  /**
   * Asks who is there.
   *
   * @param room The room, `""` for everybody.
   * @returns Who, `undefined` while there is no connection.
   */
  async askWho(room: string): Promise<Person[] | undefined> {
    return (await this.#nsConn?.ask("onWho", room))?.json();
  }

  /**
   * Asks which rooms there are.
   *
   * @returns Which, `undefined` while there is no connection.
   */
  async askRooms(): Promise<RoomInfo[] | undefined> {
    return (await this.#nsConn?.ask("onRooms"))?.json();
  }

  /**
   * Joins a room, now and after each loss.
   *
   * @param room The name of the room.
   * @throws {EventError} When the server does not let us, with its text.
   */
  async join(room: string): Promise<void> {
    await this.#nsConn?.joinRoom(room);
    this.#rooms.add(room);
  }

  /**
   * Leaves a room.
   *
   * @param room The name of the room.
   */
  async leave(room: string): Promise<void> {
    this.#rooms.delete(room);
    await this.#nsConn?.room(room)?.leave();
  }

  /** Tries again now. */
  retry(): void {
    this.#skip();
    if (this.#nsConn === undefined) void this.#redial(0);
  }

  /** Takes the name, and the rooms that we were in before. */
  async #enter(name: string): Promise<void> {
    const nsConn = this.#nsConn ?? await this.#dial();
    this.#person = (await nsConn.ask("onName", name)).json();
    for (const room of this.#rooms) {
      try {
        await nsConn.joinRoom(room);
      } catch (error) {
        if (!(error instanceof EventError)) throw error;
        this.#rooms.delete(room);
      }
    }
  }

  async #dial(): Promise<NSConn<Sent>> {
    const handler = { default: this.#events };
    const client = await dial(ENDPOINT, handler, { timeout: 5_000 });
    try {
      this.#nsConn = await client.connect<typeof ChatController>("default");
    } catch (error) {
      void client.close();
      throw error;
    }
    this.#client = client;
    void client.closed.then((info) => this.#onClose(client, info));
    void this.#feelPulse(client, this.#nsConn);
    return this.#nsConn;
  }

  #onClose(client: Client, { code, reason }: CloseInfo): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#nsConn = undefined;
    if (this.#person === undefined || this.#isRedialling) return;
    if (isTemporary(code)) void this.#redial(FIRST_DELAY);
    else this.#onStatus({ kind: "ended", reason: reason || `code ${code}` });
  }

  /** Dials until it succeeds, and takes back the name and the rooms. */
  async #redial(firstDelay: number): Promise<void> {
    if (this.#person === undefined || this.#isRedialling) return;
    this.#isRedialling = true;
    const { name } = this.#person;
    let refusals = 0;
    for (let longest = firstDelay;; longest = grow(longest)) {
      // At random, or all clients of a lost server would come back at once.
      await this.#wait(Math.random() * longest);
      this.#onStatus({ kind: "dialling" });
      try {
        await this.#enter(name);
      } catch (error) {
        const isRefused = error instanceof EventError;
        if (!isRefused) this.#drop();
        else if (++refusals === MAX_REFUSALS) {
          return this.#end(error.message);
        }
        continue;
      }
      // It may be lost again while the rooms were joined.
      if (this.#nsConn !== undefined) break;
    }
    this.#isRedialling = false;
    this.#onStatus({ kind: "online" });
  }

  /** Gives up the name, since somebody else has it now. */
  #end(reason: string): void {
    this.#isRedialling = false;
    this.#person = undefined;
    this.#drop();
    this.#onStatus({ kind: "ended", reason });
  }

  /** Lets go of a connection that is of no use. */
  #drop(): void {
    void this.#client?.close();
    this.#client = undefined;
    this.#nsConn = undefined;
  }

  async #wait(delay: number): Promise<void> {
    this.#onStatus({ kind: "waiting", delay });
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delay);
    this.#skip = resolve;
    await promise;
    clearTimeout(timer);
  }

  /** Asks now and then: a network can go without a word. */
  async #feelPulse(client: Client, nsConn: NSConn<Sent>): Promise<void> {
    while (!client.isClosed) {
      await new Promise((resolve) => setTimeout(resolve, PULSE));
      try {
        if (!client.isClosed) await nsConn.ask("onWho");
      } catch (error) {
        if (error instanceof AskTimeoutError) client.close(4000, "no answer");
      }
    }
  }
}

function grow(delay: number): number {
  return Math.min(LONGEST_DELAY, Math.max(FIRST_DELAY, delay * 2));
}

/** Whether a close code says that the server will have us again. */
function isTemporary(code: number): boolean {
  return [1001, 1005, 1006, 1012, 1013].includes(code) ||
    (code >= 4000 && code < 4500);
}
