import type { Session } from "../connection/session.ts";
import type { Upgrader } from "../transport/upgrader.ts";

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

const memoryUpgrade = Symbol("neffos.memoryUpgrade");

/** A request that knows how it is upgraded. */
interface MemoryRequest {
  readonly [memoryUpgrade]?: MemoryUpgrade;
}

/** Marks a request with how it is upgraded, whichever server accepts it. */
export function setMemoryUpgrade(
  request: Request,
  upgrade: MemoryUpgrade,
): void {
  Object.defineProperty(request, memoryUpgrade, { value: upgrade });
}

/** Finds what {@linkcode setMemoryUpgrade} has set. */
export function findMemoryUpgrade(request: Request): MemoryUpgrade | undefined {
  return (request as MemoryRequest)[memoryUpgrade];
}
