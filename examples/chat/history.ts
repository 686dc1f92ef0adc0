/** A message, as all people in its room receive it. */
export interface Chat {
  /** Chosen by the page, so that a message which is sent again counts once. */
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** When the server received it, in ISO 8601. */
  readonly time: string;
}

/** How many messages of a room are kept, and of how many rooms. */
const LIMIT = 100;

/** A service, of which the application makes one: the latest messages. */
export class History {
  readonly #rooms = new Map<string, readonly Chat[]>();

  list(room: string): readonly Chat[] {
    return this.#rooms.get(room) ?? [];
  }

  /** Lists the rooms with their messages. */
  listRooms(): [room: string, chats: readonly Chat[]][] {
    return [...this.#rooms];
  }

  add(room: string, chat: Chat): void {
    const list = [...this.list(room), chat].slice(-LIMIT);
    this.#rooms.delete(room);
    this.#rooms.set(room, list);
    const [oldest] = this.#rooms.keys();
    if (this.#rooms.size > LIMIT) this.#rooms.delete(oldest!);
  }
}
