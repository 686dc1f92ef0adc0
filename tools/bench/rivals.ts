/** Where other frameworks are ahead of this module, and why. */

import { findMedian, type Results } from "./results.ts";
import { type Reasons, SERVERS } from "./servers.ts";
import { findName } from "./table.ts";

/** What is less by fewer percent is no lead: it is within the noise. */
const LEAD = 0.95;
const UNKNOWN = "the reason is not known";

/** Writes where each framework is ahead of ours on the same platform, and why. */
export function writeRivals(results: Results): string {
  return SERVERS.flatMap(({ id, rival, ahead }) => {
    if (rival === undefined || ahead === undefined) return [];
    const leads = findLeads(results, id, rival);
    if (leads.length === 0) return [];
    const byReason = Map.groupBy(leads, ({ kind }) => ahead[kind] ?? UNKNOWN);
    return [
      `- ${findName(results, id)}, beside ${findName(results, rival)}:`,
      ...[...byReason].map(([reason, all]) =>
        `  - ${all.map(({ text }) => text).join("; ")}: ${reason}.`
      ),
    ];
  }).join("\n");
}

/** A metric for which another framework takes less. */
interface Lead {
  readonly kind: keyof Reasons;
  readonly text: string;
}

function findLeads(results: Results, id: string, rival: string): Lead[] {
  return results.metrics.flatMap(({ id: metric, title }) => {
    const theirs = findMedian(results, id, metric);
    const ours = findMedian(results, rival, metric);
    if (theirs === undefined || ours === undefined) return [];
    const ratio = theirs / ours;
    if (ratio >= LEAD) return [];
    const kind = metric.split("-")[0] as keyof Reasons;
    return [{ kind, text: `${title} (${ratio.toFixed(2)})` }];
  });
}
