import { EventError } from "@neffos/mvc";

/** Somebody in the chat, as everybody sees them. */
export interface Person {
  /** The ID of their connection. */
  readonly id: string;
  /** The name, which nobody else has at the same time. */
  readonly name: string;
}

/**
 * Who has which name.
 *
 * A service: the application builds one and gives it to the controllers of
 * all connections, so that no two people can have one name.
 */
export class People {
  readonly #byId = new Map<string, Person>();

  /** Finds the person of a connection, if they have a name yet. */
  find(id: string): Person | undefined {
    return this.#byId.get(id);
  }

  /**
   * Gives a person a name, or another one.
   *
   * @throws {EventError} When the name is none, or somebody else has it. Its
   * text travels to the browser and is shown there.
   */
  setName(id: string, text: string): Person {
    const name = readName(text, "A name");
    const holder = this.#findByName(name);
    if (holder !== undefined && holder.id !== id) {
      throw new EventError(`The name "${holder.name}" is taken`);
    }
    const person = { id, name };
    this.#byId.set(id, person);
    return person;
  }

  /** Gives a person the first name that is free: Guest 1, Guest 2, and so on. */
  addGuest(id: string): Person {
    let number = 1;
    while (this.#findByName(`Guest ${number}`)) number++;
    return this.setName(id, `Guest ${number}`);
  }

  /** Forgets a person, so that somebody else can have the name. */
  remove(id: string): void {
    this.#byId.delete(id);
  }

  #findByName(name: string): Person | undefined {
    const key = keyOf(name);
    return this.#byId.values().find((person) => keyOf(person.name) === key);
  }
}

/**
 * Reads what somebody has written as the name of a person or a room.
 *
 * @param text What was written.
 * @param what What it names, to begin the text of the error with.
 * @returns The name.
 * @throws {EventError} When it is too short, too long, or cannot be seen.
 */
export function readName(text: string, what: string): string {
  const name = text.trim();
  const length = [...name].length;
  if (length < 1 || length > 30) {
    throw new EventError(`${what} has 1 to 30 characters`);
  }
  // \p{C} is what cannot be seen; emoji are joined with U+200D.
  if (/\p{C}/u.test(name.replaceAll("\u200d", ""))) {
    throw new EventError(`${what} has no invisible characters`);
  }
  return name;
}

/** One spelling for names that look alike. */
function keyOf(name: string): string {
  return name.normalize("NFKC").replaceAll("\u200d", "").toLowerCase();
}
