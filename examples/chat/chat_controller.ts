import { type Conn, EventError, type Message, NSConn } from "@neffos/mvc";
import { type Chat, History } from "./history.ts";

/** The events that the server sends, with their bodies. */
export interface ChatEvents {
  onChat: Chat;
  onHistory: readonly Chat[];
  onPeople: string[];
  onRooms: string[];
  onTyping: string;
}

/** A person, whose name is taken for everybody who has another key. */
interface Person {
  readonly key: string;
  readonly name: string;
}

/** Each connection has a controller of its own, since it injects `NSConn`. */
export class ChatController {
  static readonly namespace = "chat";
  static readonly inject = [NSConn, History] as const;
  constructor(readonly nsConn: NSConn<ChatEvents>, readonly history: History) {}

  /** Lets the person in; the page shows the text of an EventError. */
  onNamespaceConnect(msg: Message<Person>) {
    const { conn, server } = this.nsConn;
    const given = Object(msg.json());
    const key = readText("A key", given.key, 50);
    const name = readText("A name", given.name, 30);
    const isOther = (person?: Person) =>
      person?.name.toLowerCase() === name.toLowerCase() && person.key !== key;
    if (server.connections.some((other) => isOther(findPerson(other)))) {
      throw new EventError(`The name "${name}" is taken`);
    }
    conn.set("person", { key, name });
  }

  onRoomJoin({ room }: Message) {
    readText("The name of a room", room, 30);
  }

  onRoomJoined({ room }: Message) {
    this.nsConn.room(room)?.emit("onHistory", this.history.list(room));
    this.onRoomLeft({ room });
  }

  /** Tells everybody which rooms there are, and those in this one who is in. */
  onRoomLeft({ room }: Pick<Message, "room">) {
    const { namespace, server } = this.nsConn;
    const people = server.room(namespace, room)
      .flatMap(({ conn }) => findPerson(conn)?.name ?? []);
    const body = [...new Set(people)].sort();
    const message = { namespace, room, event: "onPeople", body } as const;
    server.broadcast<ChatEvents>(null, message);
    const rooms = server.room(namespace, "").flatMap(({ rooms }) => rooms);
    const names = new Set(rooms.map(({ name }) => name));
    this.nsConn.broadcast("onRooms", [...names].sort());
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

function findPerson(conn: Conn): Person | undefined {
  return conn.get<Person>("person");
}

/** Reads a text of a page, which may have sent anything. */
function readText(what: string, value: unknown, max: number): string {
  const text = typeof value === "string" ? value.trim() : "";
  if (text !== "" && text === value && text.length <= max) return text;
  throw new EventError(
    `${what} must have 1 to ${max} characters, and no space at its ends`,
  );
}
