import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Kit } from "./kit.ts";
import { measure, type Measured } from "./rounds.ts";
import { SERVERS, type ServerSpec } from "./servers.ts";
import { FULL, type Settings } from "./settings.ts";
import { makeWorks } from "./works.ts";

const NEEDS_PROC = Deno.build.os !== "linux";

const SETTINGS: Settings = {
  ...FULL,
  pairs: 1,
  others: 1,
  turns: 1,
  turn: 1,
  warmUp: 1,
  firstWarmUp: 1,
  receivers: 4,
  crowd: 10,
  latency: 20,
  patience: 8_000,
};

const FAULTY = fileURLToPath(new URL("testdata/faulty.mjs", import.meta.url));
const bare = SERVERS.find(({ id }) => id === "bare-deno")!;

function makeFaulty(fault: string): ServerSpec {
  return {
    ...bare,
    id: fault,
    async command(kit) {
      const { args } = await bare.command(kit);
      return { args: [...args.slice(0, -1), FAULTY, fault] };
    },
  };
}

async function measureEchoes(fault: string): Promise<Measured> {
  await using kit = new Kit();
  return await measure({
    servers: [makeFaulty(fault), bare],
    works: makeWorks(SETTINGS).slice(0, 1),
    claims: [],
    settings: SETTINGS,
    onProgress() {},
  }, kit);
}

/** The faults of a server, and the metrics and the reason for which it is left out. */
const FAULTS: Readonly<Record<string, [metrics: string[], reason: RegExp]>> = {
  dies: [[], /^it does not start: .*It cannot start/],
  shouts: [[], /^it sent ";DEFAULT;;ONECHO;/],
  repeats: [
    [],
    /onShout.* came [2-4] times to .*, not 1 times|^it sent ";default;;onShout/,
  ],
  garbles: [["echo-1-16"], /^it sent ";default;;onEcho;0;0;yx/],
  loses: [["echo-1-16"], /^messages are missing after 8 s$/],
};

for (const [fault, [metrics, reason]] of Object.entries(FAULTS)) {
  Deno.test({
    name: `measure() leaves out a server that ${fault}, and says why`,
    ignore: NEEDS_PROC,
    async fn() {
      const { leftOut, cells } = await measureEchoes(fault);
      assertEquals(
        leftOut.map(({ server, metrics }) => ({ server, metrics })),
        [{ server: fault, metrics }],
      );
      assertMatch(leftOut[0]!.reason, reason);
      assertEquals(cells.map(({ server }) => server), ["bare-deno"]);
    },
  });
}
