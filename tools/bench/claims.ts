/** What this module promises, as ratios within one run. */

/** A promise: one server takes at most so many times as much as another one. */
export interface Claim {
  readonly server: string;
  readonly over: string;
  /** The ID of a metric. */
  readonly metric: string;
  /** The most that the ratio may be; for memory, how much more it may be, in KiB. */
  readonly atMost: number;
  /** Whether it is the difference, in place of the ratio. */
  readonly isDifference?: boolean;
  /** Whether it is broken only where each round says so, as one alone may be noise. */
  readonly isCautious?: boolean;
}

const SIZES = [16, 1024, 64 * 1024];

const onDeno = (metric: string, atMost: number): Claim => ({
  server: "ours-deno-controller",
  over: "bare-deno",
  metric,
  atMost,
});

/** The claims, in the order of the table. */
export const CLAIMS: readonly Claim[] = [
  ...SIZES.flatMap((bytes) => [
    onDeno(`echo-1-${bytes}`, 1.05),
    onDeno(`echo-16-${bytes}`, 1.05),
  ]),
  onDeno("broadcast-one", 1.03),
  onDeno("broadcast-crowd", 1.03),
  { ...onDeno("memory-rss", 4), isDifference: true },
  { ...onDeno("echo-16-16", 0.35), server: "ours-ws-deno-controller" },
  { ...onDeno("broadcast-ten", 0.3), server: "ours-ws-deno-controller" },
  {
    server: "ours-bun-controller",
    over: "bare-bun",
    metric: "echo-16-16",
    atMost: 1.5,
  },
];

/** The median beyond which a comparison with another commit fails, if each round is above 1. */
const AGAINST = 1.15;

/** Claims that the servers of this tree take no more than those of another one. */
export function claimAgainst(
  prefixes: { readonly ours: string; readonly theirs: string },
  { servers, metrics }: {
    readonly servers: readonly string[];
    readonly metrics: readonly string[];
  },
): Claim[] {
  return servers.filter((id) => id.startsWith(`${prefixes.ours}-`)).flatMap(
    (server) =>
      metrics.map((metric) => ({
        server,
        over: prefixes.theirs + server.slice(prefixes.ours.length),
        metric,
        atMost: AGAINST,
        isCautious: true,
      })),
  );
}
