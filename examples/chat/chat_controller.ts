import {
  type Conn,
  EventError,
  type Message,
  NSConn,
  type Presence,
} from "@neffos/mvc";
import { readText } from "../_shared/read_text.ts";
import { type Chat, History } from "./history.ts";

/** The events that the server sends, with their bodies. */
export interface ChatEvents {
  onChat: Chat;
  onHistory: readonly Chat[];
  onPeople: string[];
  onRooms: string[];
  onTyping: string;
}

/** A person, as presence tells all servers of it. */
export interface Person {
  /** Its owner alone may use the name. */
  readonly key: string;
  readonly name: string;
  readonly rooms: readonly string[];
}

/** Each connection has a controller of its own, since it injects `NSConn`. */
export class ChatController {
  static readonly namespace = "chat";
  static readonly inject = [NSConn, History] as const;
  #presence: Presence | undefined;

  constructor(readonly nsConn: NSConn<ChatEvents>, readonly history: History) {}

  /** Lets the person in; the page shows the text of an EventError. */
  onNamespaceConnect(msg: Message<Omit<Person, "rooms">>) {
    const given = Object(msg.json());
    const key = readText("A key", given.key, 50);
    const name = readText("A name", given.name, 30);
    const { conn, server } = this.nsConn;
    // Presence learns of those of this server in a moment.
    const coming = server.connections.map(findPerson);
    const isTaken = [...coming, ...this.#listPeople()].some((person) =>
      person?.name.toLowerCase() === name.toLowerCase() && person.key !== key
    );
    if (isTaken) throw new EventError(`The name "${name}" is taken`);
    const person: Person = { key, name, rooms: [] };
    conn.set("person", person);
  }

  onNamespaceConnected() {
    const { namespace, server } = this.nsConn;
    const tell = () => this.#tellPeople();
    const events = { onJoin: tell, onLeave: tell, onUpdate: tell };
    this.#presence = server.presence(namespace, "", events);
    this.onRoomLeft();
  }

  onNamespaceDisconnect() {
    this.#presence?.close();
  }

  onRoomJoin({ room }: Message) {
    readText("The name of a room", room, 30);
  }

  onRoomJoined({ room }: Message) {
    this.nsConn.room(room)?.emit("onHistory", this.history.list(room));
    this.onRoomLeft();
  }

  /** Tells all servers which rooms this person is in. */
  onRoomLeft() {
    const { conn } = this.nsConn;
    const rooms = this.nsConn.rooms.map(({ name }) => name);
    const person: Person = { ...findPerson(conn)!, rooms };
    conn.set("person", person);
    this.#presence?.set(this.nsConn, person);
  }

  /** Lists the people of all servers. */
  #listPeople(): Person[] {
    const { namespace, server } = this.nsConn;
    return server.presence(namespace).list()
      .flatMap(({ data }) => data === undefined ? [] : data as Person);
  }

  /** Sends the page its people in each of its rooms, and the list of rooms. */
  #tellPeople() {
    const people = this.#listPeople();
    for (const room of this.nsConn.rooms) {
      const names = people.filter(({ rooms }) => rooms.includes(room.name))
        .map(({ name }) => name);
      room.emit("onPeople", [...new Set(names)].sort());
    }
    const rooms = people.flatMap(({ rooms }) => rooms);
    this.nsConn.emit("onRooms", [...new Set(rooms)].sort());
  }

  /** Takes a message once: a page that has lost the answer sends it again. */
  onChat(msg: Message<{ id: string; text: string }>): Chat {
    const room = this.nsConn.room(msg.room);
    if (room === undefined) throw new EventError("Join a room first");
    const given = Object(msg.json());
    const id = readText("An ID", given.id, 50);
    const text = readText("A message", given.text, 2_000);
    const known = this.history.list(room.name).find((chat) => chat.id === id);
    if (known !== undefined) return known;
    const { name } = findPerson(this.nsConn.conn)!;
    const chat = { id, name, text, time: new Date().toISOString() };
    this.history.add(room.name, chat);
    room.broadcastOthers("onChat", chat);
    return chat;
  }

  onTyping({ room }: Message) {
    const { name } = findPerson(this.nsConn.conn)!;
    this.nsConn.room(room)?.volatile.broadcastOthers("onTyping", name);
  }
}

/**
 * Finds the person of a connection.
 *
 * @param conn The connection.
 * @returns The person, if it has entered the chat.
 */
export function findPerson(conn: Conn): Person | undefined {
  return conn.get<Person>("person");
}
