import type { Prng } from "../fuzz/prng.ts";
import { type Answer, Peer } from "./peer.ts";
import type { Victim } from "./victim_process.ts";

/** What the server did is not what it should do. */
export class AttackError extends Error {
  override name = "AttackError";
}

/** Checks what the server did. */
export function expect(
  seen: unknown,
  wanted: unknown,
  what: string,
): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (a !== b) throw new AttackError(`${what}: ${a} and not ${b}`);
}

/** Where an attack takes place. */
export class Arena implements Disposable {
  readonly victim: Victim;
  readonly prng: Prng;
  readonly #scale: number;
  readonly #peers: Peer[] = [];

  constructor(victim: Victim, prng: Prng, scale: number) {
    this.victim = victim;
    this.prng = prng;
    this.#scale = scale;
  }

  /** So many, in a full run; fewer in a shorter one. */
  many(count: number): number {
    return Math.max(1, Math.round(count * this.#scale));
  }

  /** A TCP connection, which is ended with the attack. */
  async connect(): Promise<Peer> {
    const peer = await Peer.connect(this.victim.port);
    this.#peers.push(peer);
    return peer;
  }

  /** Asks for an upgrade that may be refused, and goes. */
  async tryUpgrade(
    path: string,
    headers: Record<string, string> = {},
    first?: string,
  ): Promise<number> {
    using peer = await Peer.connect(this.victim.port);
    return (await peer.upgrade(path, headers, first)).status;
  }

  /** Sends a request as it is; gives the status of the answer, and goes. */
  async status(text: string): Promise<number> {
    using peer = await Peer.connect(this.victim.port);
    await peer.write(text);
    return (await peer.answer()).status;
  }

  /** Sends a request that ends its connection; gives the whole answer. */
  async request(text: string): Promise<Answer & { readonly body: string }> {
    using peer = await Peer.connect(this.victim.port);
    await peer.write(text);
    const answer = await peer.answer();
    return { ...answer, body: answer.status === 0 ? "" : await peer.rest() };
  }

  /** A connection that is upgraded and has said nothing. */
  async open(
    path = "/ws",
    headers: Record<string, string> = {},
  ): Promise<Peer> {
    const peer = await this.connect();
    const { status } = await peer.upgrade(path, headers);
    expect(status, 101, `the upgrade of ${path}`);
    return peer;
  }

  /** A connection that was let in, and is in a namespace. */
  async enter(path = "/ws", namespace = "open"): Promise<Peer> {
    const peer = await this.open(path);
    const id = await peer.ask("M");
    expect(id[0], "A", "the handshake");
    const answer = await peer.ask(`$c;${namespace};;_OnNamespaceConnect;0;0;`);
    expect(answer, "$c;;;;;;", `the way into "${namespace}"`);
    return peer;
  }

  /** Ends every connection of the attack. */
  [Symbol.dispose](): void {
    for (const peer of this.#peers.splice(0)) peer[Symbol.dispose]();
  }
}

/** One way to attack. */
export interface Attack {
  readonly name: string;
  /** The faults of `beat.md` that it is about. */
  readonly faults?: string;
  /** What Deno does not let us prevent. */
  readonly limit?: string;
  /**
   * Attacks.
   *
   * @returns What the server did.
   * @throws {AttackError} When that is not what it should do.
   */
  run(arena: Arena): Promise<string>;
}
