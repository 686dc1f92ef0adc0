import type { Cookies } from "@neffos/mvc";

/** The session of a user who has signed in. */
export interface Session {
  /** Tells this sign-in from others of the same person. */
  readonly id: string;
  /** The name of the user. */
  readonly name: string;
  /** When it ends, in milliseconds since 1970. */
  readonly expires: number;
}

/** Where sessions are kept over a restart. */
export interface SessionsOptions {
  /** The file with what survives a restart; it is made where there is none. */
  readonly file: string;
  /**
   * What cookies are signed with, of at least 32 characters.
   *
   * @default a random one, which is kept in the file
   */
  readonly secret?: string | undefined;
}

/** What survives a restart. */
export interface Kept {
  /** What cookies are signed with, where the program has been given nothing else. */
  readonly secret: string;
  /** The sessions that were ended early, with when they would have ended. */
  readonly ended: readonly (readonly [id: string, expires: number])[];
}

const COOKIE = "session";
const HMAC = { name: "HMAC", hash: "SHA-256" };
const SHORTEST_SECRET = 32;
/** Eight hours, in seconds. */
const LIFETIME = 8 * 60 * 60;

/**
 * Sessions in cookies that the server signs and the browser keeps. The server
 * keeps its key and the sessions that have been ended.
 */
export class Sessions {
  readonly #keys: CryptoKey;
  readonly #file: string;
  readonly #secret: string;
  readonly #ended: Map<string, number>;

  /**
   * Called by {@linkcode Sessions.open}.
   *
   * @param keys What cookies are signed with, for HMAC.
   * @param file The file with what survives a restart.
   * @param kept What it has.
   */
  constructor(keys: CryptoKey, file: string, kept: Kept) {
    this.#keys = keys;
    this.#file = file;
    this.#secret = kept.secret;
    this.#ended = new Map(kept.ended);
  }

  /**
   * Opens the sessions that a file has, so that a restart signs nobody out.
   *
   * @param options The file, and the secret.
   * @returns The service.
   * @throws {TypeError} When the secret is too short.
   * @throws {SyntaxError} When the file is of another kind.
   */
  static async open({ file, secret }: SessionsOptions): Promise<Sessions> {
    const kept = await readFile(file);
    const keys = await importKey(secret ?? kept.secret);
    const sessions = new Sessions(keys, file, kept);
    sessions.#write();
    return sessions;
  }

  /**
   * Signs a user in.
   *
   * @param cookies The cookies of the request.
   * @param name The name of the user.
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
   * Finds the user who sent a request.
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
    if (session === undefined) return;
    for (const [id, expires] of this.#ended) {
      if (expires <= Date.now()) this.#ended.delete(id);
    }
    this.#ended.set(session.id, session.expires);
    this.#write();
  }

  /** Writes the file in one step: a server that is killed leaves no half. */
  #write(): void {
    const kept: Kept = { secret: this.#secret, ended: [...this.#ended] };
    const draft = `${this.#file}.new`;
    Deno.writeTextFileSync(draft, JSON.stringify(kept), { mode: 0o600 });
    Deno.renameSync(draft, this.#file);
  }
}

async function readFile(file: string): Promise<Kept> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const secret = crypto.getRandomValues(new Uint8Array(32)).toHex();
    return { secret, ended: [] };
  }
}

async function importKey(secret: string): Promise<CryptoKey> {
  if (secret.length < SHORTEST_SECRET) {
    throw new TypeError(
      `Cannot sign with a secret of ${secret.length} characters: it should have at least ${SHORTEST_SECRET}`,
    );
  }
  const data = new TextEncoder().encode(secret);
  const usages: KeyUsage[] = ["sign", "verify"];
  return await crypto.subtle.importKey("raw", data, HMAC, false, usages);
}
