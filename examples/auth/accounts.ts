import { timingSafeEqual } from "node:crypto";

/** What is kept of an account: of the password only what cannot be turned back. */
interface Account {
  readonly name: string;
  readonly salt: string;
  readonly hash: string;
}

/** What OWASP recommends for PBKDF2 with SHA-256. */
const ITERATIONS = 600_000;

/** For the example only: a program has these in its database. */
const DEMO: readonly Account[] = [
  {
    name: "Ann", // correct horse
    salt: "47f836ae68a99bb9fade88933e26284f",
    hash: "fb41f000578b681ec4d2e0c68161b2788101f6c4fc5e9edf1bbf40139ed5860d",
  },
  {
    name: "Bob", // battery staple
    salt: "c9c6e86a88b41e2f8827252ef1b1fb81",
    hash: "875479a8dbd0a306731cb213da99452b214768e0ac2c680287158d16bad82720",
  },
];

/** Stands in for a missing account, so that refusing it takes as long. */
const NOBODY: Account = {
  name: "",
  salt: "00".repeat(16),
  hash: "00".repeat(32),
};

/** The users that may sign in. */
export class Accounts {
  readonly #byName = new Map(
    DEMO.map((account) => [account.name.toLowerCase(), account]),
  );

  /**
   * Checks a name and a password. It takes a tenth of a second or more of a
   * processor: a program on the internet should limit how often one may try.
   *
   * @param credentials The name, in any case, and the password.
   * @returns The name as it is spelled, `undefined` if they do not belong together.
   */
  async check(
    { name, password }: { name: string; password: string },
  ): Promise<string | undefined> {
    const found = this.#byName.get(name.trim().toLowerCase());
    const account = found ?? NOBODY;
    const hash = await derive(password, Uint8Array.fromHex(account.salt));
    const isRight = timingSafeEqual(hash, Uint8Array.fromHex(account.hash));
    return isRight ? found?.name : undefined;
  }
}

async function derive(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  // One spelling for a password, whatever keyboard it was typed on.
  const data = new TextEncoder().encode(password.normalize("NFKC"));
  const usages: KeyUsage[] = ["deriveBits"];
  const key = await crypto.subtle.importKey(
    "raw",
    data,
    "PBKDF2",
    false,
    usages,
  );
  const algorithm = {
    name: "PBKDF2",
    hash: "SHA-256",
    salt,
    iterations: ITERATIONS,
  };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 256));
}
