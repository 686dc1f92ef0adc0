import type { Cookies } from "@neffos/mvc";

/** That somebody has signed in. */
export interface Session {
  /** Tells this sign-in from others of the same person. */
  readonly id: string;
  /** Who has signed in. */
  readonly name: string;
  /** When it ends, in milliseconds since 1970. */
  readonly expires: number;
}

const COOKIE = "session";
const HMAC = { name: "HMAC", hash: "SHA-256" };
const SHORTEST_KEY = 32;
/** Eight hours, in seconds. */
const LIFETIME = 8 * 60 * 60;

/**
 * Who is signed in, by a cookie that the browser keeps and the server signs.
 * What the server remembers is only who has signed out.
 */
export class Sessions {
  readonly #keys: CryptoKey;
  /** The sessions that were ended early: when they would have ended, by ID. */
  readonly #ended = new Map<string, number>();

  /**
   * Makes the service; {@linkcode Sessions.create} makes the key as well.
   *
   * @param keys What cookies are signed with, for HMAC.
   */
  constructor(keys: CryptoKey) {
    this.#keys = keys;
  }

  /**
   * Makes the service.
   *
   * @param secret What cookies are signed with, of at least 32 characters. With
   * a random one, which is taken otherwise, a restart signs everybody out.
   * @throws {TypeError} When the secret is too short.
   */
  static async create(secret?: string): Promise<Sessions> {
    return new Sessions(await makeKey(secret));
  }

  /**
   * Signs somebody in.
   *
   * @param cookies The cookies of the request.
   * @param name Who it is.
   */
  async begin(cookies: Cookies, name: string): Promise<void> {
    const session: Session = {
      id: crypto.randomUUID(),
      name,
      // In the signed value, since a browser need not obey Max-Age.
      expires: Date.now() + LIFETIME * 1000,
    };
    const json = new TextEncoder().encode(JSON.stringify(session));
    const value = json.toBase64({ alphabet: "base64url", omitPadding: true });
    await cookies.setSigned(COOKIE, value, {
      keys: this.#keys,
      sameSite: "Strict",
      maxAge: LIFETIME,
    });
  }

  /**
   * Finds out who sent a request.
   *
   * @param cookies The cookies of the request.
   * @returns The session, if there is one that has not ended.
   */
  async find(cookies: Cookies): Promise<Session | undefined> {
    const value = await cookies.getSigned(COOKIE, { keys: this.#keys });
    if (value === undefined) return undefined;
    const json = Uint8Array.fromBase64(value, { alphabet: "base64url" });
    // It is what begin() has written, or the signature would be another.
    const session: Session = JSON.parse(new TextDecoder().decode(json));
    return this.isOpen(session) ? session : undefined;
  }

  /** Whether a session has not ended, by itself or by signing out. */
  isOpen({ id, expires }: Session): boolean {
    return Date.now() < expires && !this.#ended.has(id);
  }

  /**
   * Ends a session, for copies of its cookie too.
   *
   * @param cookies The cookies of the request.
   * @param session The session, if there is one.
   */
  end(cookies: Cookies, session: Session | undefined): void {
    cookies.delete(COOKIE);
    for (const [id, expires] of this.#ended) {
      if (expires <= Date.now()) this.#ended.delete(id);
    }
    if (session !== undefined) this.#ended.set(session.id, session.expires);
  }
}

async function makeKey(secret: string | undefined): Promise<CryptoKey> {
  const usages: KeyUsage[] = ["sign", "verify"];
  if (secret === undefined) {
    const key = await crypto.subtle.generateKey(HMAC, false, usages);
    return key as CryptoKey;
  }
  if (secret.length < SHORTEST_KEY) {
    throw new TypeError(
      `Cannot sign with a secret of ${secret.length} characters: it should have at least ${SHORTEST_KEY}`,
    );
  }
  const data = new TextEncoder().encode(secret);
  return await crypto.subtle.importKey("raw", data, HMAC, false, usages);
}
