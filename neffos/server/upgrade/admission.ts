import { assertPositive } from "../../connection/limits.ts";
import { UpgradeError } from "../../protocol/upgrade_error.ts";
import type { UpgradeRequest } from "../../transport/upgrade_request.ts";
import { resolveAddress } from "./address.ts";

/** Options of a {@linkcode ConnectionLimiter}; see `ServerOptions`. */
export interface ConnectionLimiterOptions {
  readonly maxConnections?: number | undefined;
  readonly maxConnectionsPerAddress?: number | undefined;
  /** The number of trusted proxies. */
  readonly hops: number;
  /** Counts how often each limit is reached. */
  readonly crossings: {
    add(limit: "maxConnections" | "maxConnectionsPerAddress"): void;
  };
}

/** The upper bound of the random `Retry-After`, in seconds. */
const MAX_RETRY = 10;

/**
 * Limits the sockets of a server. A request counts from before it is upgraded,
 * and its socket until it has really ended: it may outlive its connection.
 */
export class ConnectionLimiter {
  readonly #options: ConnectionLimiterOptions;
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #byAddress = new Map<string, number>();
  #size = 0;

  /**
   * Makes a limiter.
   *
   * @param options The limits.
   * @throws {RangeError} When a limit is not a positive number.
   */
  constructor(options: ConnectionLimiterOptions) {
    const {
      maxConnections = Infinity,
      maxConnectionsPerAddress = Infinity,
    } = options;
    assertPositive("maxConnections", maxConnections);
    assertPositive("maxConnectionsPerAddress", maxConnectionsPerAddress);
    this.#options = options;
    this.#max = maxConnections;
    this.#maxPerAddress = maxConnectionsPerAddress;
  }

  /** The number of slots in use. */
  get size(): number {
    return this.#size;
  }

  /** The number of addresses with slots, 0 if they are not limited. */
  get addresses(): number {
    return this.#byAddress.size;
  }

  /**
   * Acquires a slot for a request.
   *
   * @param request The request.
   * @returns The slot, which must be released in the end.
   * @throws {UpgradeError} 503 when all slots are in use, 429 when those of the
   * request's address are.
   */
  acquire(request: UpgradeRequest): ConnectionSlot {
    const { hops, crossings } = this.#options;
    if (this.#size >= this.#max) {
      crossings.add("maxConnections");
      throw makeRefusal(503, "This server is full");
    }
    if (this.#maxPerAddress === Infinity) {
      this.#size++;
      return new ConnectionSlot(this, undefined);
    }
    const address = resolveAddress(request, hops);
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.#maxPerAddress) {
      crossings.add("maxConnectionsPerAddress");
      throw makeRefusal(
        429,
        "There are too many connections from this address",
      );
    }
    this.#size++;
    this.#byAddress.set(address, count + 1);
    return new ConnectionSlot(this, address);
  }

  /**
   * Makes a slot available again. Called by the slot alone.
   *
   * @param address The address that it counts for, if addresses are limited.
   */
  release(address: string | undefined): void {
    this.#size--;
    if (address === undefined) return;
    const left = this.#byAddress.get(address)! - 1;
    if (left === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
  }
}

/** The slot of one socket. Releasing it twice releases it once. */
export class ConnectionSlot {
  #limiter: ConnectionLimiter | undefined;
  readonly #address: string | undefined;
  #isOpen = false;

  constructor(limiter: ConnectionLimiter, address: string | undefined) {
    this.#limiter = limiter;
    this.#address = address;
  }

  /** Notes that the socket is open, so that its close event will follow. */
  open(): void {
    this.#isOpen = true;
  }

  /** Releases the slot: the socket has ended, or there will be none. */
  release(): void {
    this.#limiter?.release(this.#address);
    this.#limiter = undefined;
  }

  /** Releases the slot at the end of the connection, unless the socket is open. */
  giveUp(): void {
    if (!this.#isOpen) this.release();
  }
}

function makeRefusal(status: number, message: string): UpgradeError {
  // Random, so that clients refused together do not return together.
  const seconds = 1 + Math.floor(Math.random() * MAX_RETRY);
  return new UpgradeError(status, message, {
    headers: { "retry-after": String(seconds) },
  });
}
