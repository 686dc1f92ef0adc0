import { AsyncLocalStorage } from "node:async_hooks";
import type { Session } from "../../connection/session.ts";
import type { Upgrader } from "../../transport/upgrader.ts";

/**
 * How a request that was made in this process becomes a connection: past every
 * check of its server, over a socket in memory.
 */
export interface MemoryUpgrade {
  /** Makes the socket, in place of the upgrader of the server. */
  readonly upgrader: Upgrader;
  /** Called with the server's session, before it begins. */
  onSession(session: Session): void;
}

/** Follows the code that answers a request, on whose way it may be copied. */
const memoryUpgrades = new AsyncLocalStorage<MemoryUpgrade>();

/** Runs what answers a request; the server that accepts it upgrades it so. */
export function runMemoryUpgrade<T>(upgrade: MemoryUpgrade, code: () => T): T {
  return memoryUpgrades.run(upgrade, code);
}

/** Finds what {@linkcode runMemoryUpgrade} has been given. */
export function findMemoryUpgrade(): MemoryUpgrade | undefined {
  return memoryUpgrades.getStore();
}
