import { type Conn, EventError } from "../../../mod.ts";

/** Somebody in the chat, as everybody sees them. */
export interface Person {
  /** The ID of their connection. */
  readonly id: string;
  /** The name, which nobody else has at the same time. */
  readonly name: string;
}

/** Under which a connection has its person. */
const PERSON = Symbol("person");

/**
 * Who has which name.
 *
 * A service: the application builds one and gives it to the controllers of
 * all connections, so that no two people can have one name. The person itself
 * stays with its connection: who is in a room is known by the server.
 */
export class People {
  readonly #owners = new Map<string, Conn>();

  /** Finds the person of a connection, if they have a name yet. */
  find(conn: Conn): Person | undefined {
    return conn.get<Person>(PERSON);
  }

  /**
   * Gives a person a name, or another one.
   *
   * @throws {EventError} When the name is none, or somebody else has it. Its
   * text travels to the browser and is shown there.
   */
  setName(conn: Conn, text: string): Person {
    const name = readName(text, "A name");
    const owner = this.#owners.get(keyOf(name));
    if (owner !== undefined && owner !== conn) {
      throw new EventError(`The name "${this.find(owner)?.name}" is taken`);
    }
    this.remove(conn);
    const person = { id: conn.id, name };
    this.#owners.set(keyOf(name), conn);
    conn.set(PERSON, person);
    return person;
  }

  /** Gives a person the first name that is free: Guest 1, Guest 2, and so on. */
  addGuest(conn: Conn): Person {
    let number = 1;
    while (this.#owners.has(keyOf(`Guest ${number}`))) number++;
    return this.setName(conn, `Guest ${number}`);
  }

  /** Forgets a person, so that somebody else can have the name. */
  remove(conn: Conn): void {
    const person = this.find(conn);
    if (person === undefined) return;
    this.#owners.delete(keyOf(person.name));
    conn.set(PERSON, undefined);
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
