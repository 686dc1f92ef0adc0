import type { Prng } from "../fuzz/prng.ts";
import { type Answer, Peer } from "./peer.ts";
import type { TransportName } from "./victim_transport.ts";
import type { Victim } from "./victim_process.ts";

/** The server did not do what it should. */
export class AttackError extends Error {
  override name = "AttackError";
}

/** Checks a result of the server. */
export function expect(
  seen: unknown,
  wanted: unknown,
  what: string,
): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (a !== b) throw new AttackError(`${what}: ${a} and not ${b}`);
}

/** The server and connections of one attack. */
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

  /** Scales a number of a full run to this run. */
  many(count: number): number {
    return Math.max(1, Math.round(count * this.#scale));
  }

  /** Opens a TCP connection, which ends with the attack. */
  async connect(): Promise<Peer> {
    const peer = await Peer.connect(this.victim.port);
    this.#peers.push(peer);
    return peer;
  }

  /** Requests an upgrade that may be refused, then disconnects; returns the status. */
  async tryUpgrade(
    path: string,
    headers: Record<string, string> = {},
    first?: string,
  ): Promise<number> {
    using peer = await Peer.connect(this.victim.port);
    return (await peer.upgrade(path, headers, first)).status;
  }

  /** Sends a raw request, then disconnects; returns the status of the response. */
  async status(text: string): Promise<number> {
    using peer = await Peer.connect(this.victim.port);
    await peer.write(text);
    return (await peer.answer()).status;
  }

  /** Sends a request that ends its connection; returns the whole response. */
  async request(text: string): Promise<Answer & { readonly body: string }> {
    using peer = await Peer.connect(this.victim.port);
    await peer.write(text);
    const answer = await peer.answer();
    return { ...answer, body: answer.status === 0 ? "" : await peer.rest() };
  }

  /** Opens a websocket that has sent nothing yet. */
  async open(
    path = "/ws",
    headers: Record<string, string> = {},
  ): Promise<Peer> {
    const peer = await this.connect();
    const { status } = await peer.upgrade(path, headers);
    expect(status, 101, `the upgrade of ${path}`);
    return peer;
  }

  /** Opens a connection that is accepted and in a namespace. */
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

/** An attack. */
export interface Attack {
  readonly name: string;
  /** The numbers of the faults in FAULTS.md that it is about. */
  readonly faults?: string;
  /** The only transport that it is for. */
  readonly transport?: TransportName;
  /** What Deno does not let us prevent. */
  readonly limit?: string;
  /**
   * Runs the attack.
   *
   * @returns What the server did.
   * @throws {AttackError} When that is not what it should do.
   */
  run(arena: Arena): Promise<string>;
}
