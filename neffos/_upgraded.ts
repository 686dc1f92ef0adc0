const upgradedWith = Symbol("neffos.upgradedWith");

/** A request that keeps what it was upgraded with. */
interface Upgraded {
  readonly [upgradedWith]?: Response;
}

/**
 * Writes on a request what it was upgraded with, the only response that may
 * answer it: a router may be around the one who has upgraded it.
 */
export function markUpgraded(request: Request, response: Response): void {
  Object.defineProperty(request, upgradedWith, { value: response });
}

/** Finds what {@linkcode markUpgraded} has written. */
export function upgradeOf(request: Request): Response | undefined {
  return (request as Upgraded)[upgradedWith];
}
