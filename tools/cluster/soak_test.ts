import { assert, assertEquals } from "@std/assert";
import { explainMissing } from "../../neffos/harness/brokers.ts";
import { findEngine, isInstalled } from "./engines.ts";
import { type Outage, soak } from "./soak.ts";

const SMALL = {
  size: 15,
  perRoom: 5,
  messages: 20,
  every: 5,
  busy: 0,
};

/** The processes are started by a shell. */
const isWindows = Deno.build.os === "windows";

const CASES: [name: string, outage: Outage][] = [
  ["node-redis", "broker killed"],
  ["NATS", "none"],
];

for (const [name, outage] of CASES) {
  const engine = findEngine(name);
  const isMissing = !isInstalled(engine);
  if (isMissing) explainMissing(engine.broker!.program);
  Deno.test({
    name:
      `${name}, ${outage}: 300 messages arrive once and in order, but for what is told`,
    ignore: isWindows || isMissing,
    async fn() {
      const { failures, messages, deliveries, told } = await soak(
        engine,
        outage,
        SMALL,
      );
      assertEquals(failures, []);
      assertEquals(messages, 300);
      assert(deliveries >= 1_500, `${deliveries} deliveries`);
      assertEquals(told === "nothing", outage === "none");
    },
  });
}
