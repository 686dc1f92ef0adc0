import { EventError, type Message, NSConn } from "@neffos/mvc";
import { SIGNED_OUT } from "./sign_in_controller.ts";
import { User } from "./user.ts";

/** A message, as all members receive it. */
export interface Chat {
  /** The name that its author has signed in with. */
  readonly name: string;
  /** What was said. */
  readonly text: string;
}

/** What the server sends, with the type of each body. */
export interface MemberEvents {
  onChat: Chat;
  onNote: string;
}

const MAX_TEXT = 1_000;

/**
 * A chat for members, who have signed in. It injects User, which cannot be had
 * without a valid cookie: no user, no controller, and no namespace.
 */
export class MembersController {
  static readonly namespace = "members";
  static readonly inject = [NSConn, User] as const;

  readonly #nsConn: NSConn<MemberEvents>;
  readonly #user: User;
  readonly #expiry: ReturnType<typeof setTimeout>;

  constructor(nsConn: NSConn<MemberEvents>, user: User) {
    this.#nsConn = nsConn;
    this.#user = user;
    this.#expiry = setTimeout(
      () => nsConn.conn.close(SIGNED_OUT, "Your session has ended"),
      user.expires - Date.now(),
    );
  }

  onNamespaceConnected() {
    this.#nsConn.broadcast("onNote", `${this.#user.name} is here`);
  }

  onNamespaceDisconnect() {
    this.#nsConn.broadcast("onNote", `${this.#user.name} has left`);
  }

  /** Sends a message to all members. The name is the server's word, not the client's. */
  onChat(msg: Message<string>): Chat {
    const text = msg.text().trim();
    if (text === "" || text.length > MAX_TEXT) {
      throw new EventError(`A message must have 1 to ${MAX_TEXT} characters`);
    }
    const chat = { name: this.#user.name, text };
    this.#nsConn.broadcast("onChat", chat);
    return chat;
  }

  [Symbol.dispose]() {
    clearTimeout(this.#expiry);
  }
}
