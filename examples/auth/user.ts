import { type Conn, type Context, EventError } from "@neffos/mvc";
import type { Session, Sessions } from "./sessions.ts";

/** Under which a connection has the ID of its session. */
const SESSION = Symbol("session");

/** A user who has signed in, which a controller injects. */
export class User {
  /** Their name. */
  readonly name: string;
  /** When they have to sign in again, in milliseconds since 1970. */
  readonly expires: number;

  constructor({ name, expires }: Session) {
    this.name = name;
    this.expires = expires;
  }
}

/**
 * Finds the user of a connection, by the cookie of the request that it came
 * from. A controller that injects User is not made without one, and so nobody
 * enters its namespace.
 *
 * @param context The request.
 * @param conn The connection.
 * @param sessions The sessions.
 * @returns The user.
 * @throws {EventError} When nobody has signed in; the client is told its text.
 */
export async function findUser(
  context: Context,
  conn: Conn,
  sessions: Sessions,
): Promise<User> {
  const session = await sessions.find(context.cookies);
  // Once more: signing out from here on finds the connection by its value.
  if (session === undefined || !sessions.isOpen(session)) {
    throw new EventError("Sign in first");
  }
  conn.set(SESSION, session.id);
  return new User(session);
}

/** Whether a connection was let in by a session. */
export function isOf(session: Session, conn: Conn): boolean {
  return conn.get(SESSION) === session.id;
}
