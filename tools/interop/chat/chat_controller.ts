import {
  Context,
  EventError,
  type EventInit,
  type Except,
  type Message,
  NSConn,
  type Reply,
  reply,
} from "../../../mod.ts";
import { People, type Person, readName } from "./people.ts";

/** What somebody said, as everybody gets it. */
export interface Chat extends Person {
  /** What was said. */
  readonly text: string;
  /** When the server got it, as ISO 8601 has it. */
  readonly time: string;
}

/** A room that somebody is in. */
export interface RoomInfo {
  /** The name of the room. */
  readonly name: string;
  /** How many people are in it. */
  readonly people: number;
}

/** What the server sends, and what its body is. */
export interface ChatEvents {
  /** Something was said, in the room of the message or to everybody. */
  onChat: Chat;
  /** Somebody is writing. */
  onTyping: Person;
  /** Who is there now. */
  onPeople: Person[];
  /** Which rooms there are now. */
  onRooms: RoomInfo[];
}

const MAX_TEXT = 2_000;

/** A chat with names, rooms and lists of people, in the namespace "default". */
export class ChatController {
  static readonly namespace = "default";
  /** What the constructor is given; the compiler checks that both agree. */
  static readonly inject = [NSConn, Context, People] as const;

  readonly #nsConn: NSConn<ChatEvents>;
  readonly #context: Context;
  readonly #people: People;

  constructor(
    nsConn: NSConn<ChatEvents>,
    context: Context,
    people: People,
  ) {
    this.#nsConn = nsConn;
    this.#context = context;
    this.#people = people;
  }

  /**
   * Decides who may come in: an EventError keeps them out and tells them why.
   * A program may bring its name as a header of its request.
   */
  onNamespaceConnect() {
    const name = this.#context.header("x-chat-name");
    if (name !== undefined) this.#people.setName(this.#nsConn.conn, name);
  }

  onNamespaceConnected() {
    if (this.#isNamed) this.#tellPeople();
  }

  /** Runs when the connection has left, whatever the reason was. */
  [Symbol.dispose]() {
    const wasNamed = this.#isNamed;
    this.#people.remove(this.#nsConn.conn);
    if (wasNamed) this.#tellPeople();
  }

  /** Asked with a name: takes it. The error of one that is taken goes back. */
  onName(msg: Message<string>): Person {
    const person = this.#people.setName(this.#nsConn.conn, msg.text());
    this.#tellPeople();
    for (const { name } of this.#nsConn.rooms) this.#tellPeople(name);
    return person;
  }

  /**
   * Says something in the room of the message, or to everybody. All others
   * get it as `onChat`, and so does who said it: `reply()` goes back whether
   * there was an ask or not.
   */
  onChat(msg: Message<string>): Reply<Chat> {
    const text = msg.text().trim();
    if (text === "" || text.length > MAX_TEXT) {
      throw new EventError(`A message has 1 to ${MAX_TEXT} characters`);
    }
    const time = new Date().toISOString();
    const chat: Chat = { ...this.#person(), text, time };
    const { room } = msg;
    this.#tell(this.#nsConn, { room, event: "onChat", body: chat });
    return reply(chat);
  }

  /** Lets the others see that a message is being written. */
  onTyping(msg: Message) {
    this.#tell(this.#nsConn, {
      room: msg.room,
      event: "onTyping",
      body: this.#person(),
      // Whoever is behind has no use for it.
      isVolatile: true,
    });
  }

  /** Asked, with the name of a room or without: says who is there. */
  onWho(msg: Message<string | undefined>): Person[] {
    return this.#who(msg.room || msg.text());
  }

  /** Asked: says which rooms there are. */
  onRooms(): RoomInfo[] {
    const counts = new Map<string, number>();
    for (const { rooms } of this.#all()) {
      for (const { name } of rooms) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return Array.from(counts, ([name, people]) => ({ name, people }));
  }

  /** Decides about a room: as with the namespace, an EventError says no. */
  onRoomJoin(msg: Message) {
    if (readName(msg.room, "A room") !== msg.room) {
      throw new EventError("A room has no spaces around its name");
    }
    this.#person();
  }

  onRoomJoined(msg: Message) {
    this.#tellPeople(msg.room);
    this.#tellRooms();
  }

  onRoomLeft(msg: Message) {
    this.#tellPeople(msg.room);
    this.#tellRooms();
  }

  get #isNamed(): boolean {
    return this.#people.find(this.#nsConn.conn) !== undefined;
  }

  /** Who has not said a name is a guest as soon as others notice them. */
  #person(): Person {
    const known = this.#people.find(this.#nsConn.conn);
    if (known !== undefined) return known;
    const guest = this.#people.addGuest(this.#nsConn.conn);
    this.#tellPeople();
    return guest;
  }

  /** Everybody in a room; without one, in the namespace. */
  #all(room = ""): NSConn[] {
    return this.#nsConn.server.room(ChatController.namespace, room);
  }

  #who(room: string): Person[] {
    return this.#all(room).flatMap(({ conn }) => this.#people.find(conn) ?? []);
  }

  #tellPeople(room = "") {
    this.#tell(null, { room, event: "onPeople", body: this.#who(room) });
  }

  #tellRooms() {
    this.#tell(null, { event: "onRooms", body: this.onRooms() });
  }

  /** Tells everybody, or all in a room; the compiler knows what and how. */
  #tell(except: Except, message: EventInit<ChatEvents>) {
    const { namespace } = ChatController;
    const { server } = this.#nsConn;
    server.broadcast<ChatEvents>(except, { ...message, namespace });
  }
}
