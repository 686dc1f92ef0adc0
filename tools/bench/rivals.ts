/** Where other frameworks are ahead of this module, and why. */

import { findMedian, type Results } from "./results.ts";
import { SERVERS, type ServerSpec } from "./servers.ts";
import { findName } from "./table.ts";

/** What is less by fewer percent is no lead: it is within the noise. */
const LEAD = 0.95;
const TABLES = ["Messages", "Broadcasts", "Connections"] as const;

/** Writes where each framework is ahead of ours on the same platform, and why. */
export function writeRivals(results: Results): string {
  return SERVERS.flatMap((server) => {
    const leads = TABLES.flatMap((table) => writeLeads(results, server, table));
    if (leads.length === 0) return [];
    const [name, rival] = [server.id, server.rival!].map((id) =>
      findName(results, id)
    );
    return [`- ${name}, beside ${rival}:`, ...leads];
  }).join("\n");
}

function writeLeads(
  { metrics, ...results }: Results,
  { id, rival, ahead }: ServerSpec,
  table: typeof TABLES[number],
): string[] {
  if (rival === undefined || ahead === undefined) return [];
  const leads = metrics.flatMap((metric) => {
    const theirs = findMedian(results, id, metric.id);
    const ours = findMedian(results, rival, metric.id);
    if (metric.table !== table) return [];
    if (theirs === undefined || ours === undefined) return [];
    const ratio = theirs / ours;
    return ratio < LEAD ? [`${metric.title} (${ratio.toFixed(2)})`] : [];
  });
  return leads.length === 0
    ? []
    : [`  - ${leads.join("; ")}: ${ahead[table]}.`];
}
