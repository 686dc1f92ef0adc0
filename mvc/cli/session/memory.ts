import type { Known } from "../input/completion.ts";

/** The names that a session has seen: what completion offers. */
export class Memory {
  readonly #commands: readonly string[];
  readonly namespaces: Set<string> = new Set();
  readonly rooms: Set<string> = new Set();
  readonly events: Set<string> = new Set();

  constructor(commands: readonly string[]) {
    this.#commands = commands;
  }

  /** Remembers the names of a message. */
  add(
    { room, event }: { readonly room: string; readonly event: string },
  ): void {
    if (room !== "") this.rooms.add(room);
    this.events.add(event);
  }

  /** Lists the names of one kind. */
  readonly list: Known = (kind) => {
    switch (kind) {
      case "command":
        return this.#commands;
      case "namespace":
        return [...this.namespaces];
      case "room":
        return [...this.rooms];
      case "event":
        return [...this.events];
      case "room or verb":
        return [...this.rooms, "emit", "ask"];
      case "verb":
        return ["emit", "ask"];
    }
  };
}
