import { assertPositive, type Crossings } from "../connection/limits.ts";
import { UpgradeError } from "../protocol/errors.ts";
import type { UpgradeRequest } from "../transport/upgrader.ts";
import { addressOf, hopsOf } from "./address.ts";

/** How many connections a server takes; see `ServerOptions`. */
export interface AdmissionOptions {
  readonly maxConnections?: number | undefined;
  readonly maxConnectionsPerAddress?: number | undefined;
  readonly trustProxy?: boolean | number | undefined;
}

/** The longest time, in seconds, after which one who is refused comes back. */
const MAX_RETRY = 10;

/**
 * Counts the requests that are being upgraded and the sockets that have come
 * of them, each until it has really ended: a connection that the server has
 * given up on still has its socket.
 */
export class Admission {
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #hops: number;
  readonly #crossings: Crossings;
  readonly #byAddress = new Map<string, number>();
  #size = 0;

  /**
   * Makes an empty table.
   *
   * @param options The limits.
   * @param crossings Where a limit that is crossed is counted.
   * @throws {RangeError} When a limit is not a positive number.
   */
  constructor(options: AdmissionOptions, crossings: Crossings) {
    const {
      maxConnections = Infinity,
      maxConnectionsPerAddress = Infinity,
      trustProxy = false,
    } = options;
    assertPositive("maxConnections", maxConnections);
    assertPositive("maxConnectionsPerAddress", maxConnectionsPerAddress);
    this.#max = maxConnections;
    this.#maxPerAddress = maxConnectionsPerAddress;
    this.#hops = hopsOf(trustProxy);
    this.#crossings = crossings;
  }

  /** The sockets, and the requests that are about to become one. */
  get size(): number {
    return this.#size;
  }

  /** The addresses that are counted; none where there is no limit on them. */
  get addresses(): number {
    return this.#byAddress.size;
  }

  /**
   * Takes a place for a request.
   *
   * @param request The request.
   * @returns The place, which must be left in the end.
   * @throws {UpgradeError} 503 when there is none, 429 when its address has
   * had its share.
   */
  admit(request: UpgradeRequest): Place {
    if (this.#size >= this.#max) {
      this.#crossings.add("maxConnections");
      throw refusal(503, "This server is full");
    }
    if (this.#maxPerAddress === Infinity) {
      this.#size++;
      return new Place(() => this.#size--);
    }
    const address = addressOf(request, this.#hops);
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.#maxPerAddress) {
      this.#crossings.add("maxConnectionsPerAddress");
      throw refusal(429, "There are too many connections from this address");
    }
    this.#size++;
    this.#byAddress.set(address, count + 1);
    return new Place(() => {
      this.#size--;
      const left = this.#byAddress.get(address)! - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    });
  }
}

/** The place of one connection; it can be left once. */
export class Place {
  #onLeave: (() => void) | undefined;
  #isOpen = false;

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  /** Its socket is open, and will tell of its end. */
  open(): void {
    this.#isOpen = true;
  }

  /** Its socket has ended, or there will be none. */
  leave(): void {
    this.#onLeave?.();
    this.#onLeave = undefined;
  }

  /** Its connection is over; its socket only if it has never opened. */
  giveUp(): void {
    if (!this.#isOpen) this.leave();
  }
}

function refusal(status: number, message: string): UpgradeError {
  // Who is refused together must not come back together.
  const seconds = 1 + Math.floor(Math.random() * MAX_RETRY);
  return new UpgradeError(status, message, {
    headers: { "retry-after": String(seconds) },
  });
}
