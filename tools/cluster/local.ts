/** Measures what an exchange costs the messages that stay on their server. */

import { fileURLToPath } from "node:url";
import { Broker } from "../../neffos/harness/brokers.ts";
import type { Claim } from "../bench/claims.ts";
import { Kit } from "../bench/kit.ts";
import { findMedian, judge } from "../bench/results.ts";
import { measure } from "../bench/rounds.ts";
import { SERVERS, type ServerSpec } from "../bench/servers.ts";
import { FULL } from "../bench/settings.ts";
import { makeWorks } from "../bench/works.ts";
import type { Comparison } from "./delivery.ts";

const WORKS = ["echo-16-16", "broadcast-one"];
/** The aim is 2 %. */
const AIM = 1.02;

/** Compares a server that uses an exchange with one that does not. */
export async function compareLocal(
  pairs: number,
): Promise<(Comparison & { readonly title: string })[]> {
  await using redis = await Broker.redis();
  const without = SERVERS.find(({ id }) => id === "ours-deno-controller")!;
  const withOne = addExchange(without, redis.port);
  const settings = { ...FULL, pairs, others: pairs };
  const works = makeWorks(settings).filter(({ metrics: [metric] }) =>
    WORKS.includes(metric!.id)
  );
  await using kit = new Kit();
  const measured = await measure({
    servers: [withOne, without],
    works,
    claims: [],
    settings,
    onProgress: (text) => console.error(text),
  }, kit);
  return works.map(({ metrics: [metric] }) => {
    const { id, title } = metric!;
    const claim: Claim = {
      server: withOne.id,
      over: without.id,
      metric: id,
      atMost: AIM,
    };
    const { median, each } = judge(measured, claim)!;
    return {
      title,
      left: findMedian(measured, withOne.id, id)!,
      right: findMedian(measured, without.id, id)!,
      ratio: median,
      ratios: each,
    };
  });
}

function addExchange(server: ServerSpec, port: number): ServerSpec {
  const program = new URL("local_server.ts", import.meta.url);
  const args = [
    Deno.execPath(),
    "run",
    "-A",
    "--v8-flags=--expose-gc",
    fileURLToPath(program),
    String(port),
  ];
  return {
    ...server,
    id: `${server.id}-exchange`,
    command: () => Promise.resolve({ args }),
  };
}
