import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { fileURLToPath } from "node:url";
import { drawChart } from "./chart.ts";
import { findCell, type Results } from "./results.ts";
import { writeResults } from "./table.ts";

const PROGRAM = fileURLToPath(new URL("../bench.ts", import.meta.url));

async function run(args: string[]): Promise<Deno.CommandOutput> {
  return await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", "--quiet", PROGRAM, ...args],
    env: { NO_COLOR: "1" },
  }).output();
}

const SMALL = [
  "--pairs=2",
  "--turns=1",
  "--turn=1",
  "--warmup=1",
  "--compile=1",
  "--latency=20",
  "--receivers=5",
  "--crowd=20",
];

Deno.test({
  name: "deno task bench prints tables, and writes JSON and a chart",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const [json, svg] = [`${folder}/run.json`, `${folder}/run.svg`];
      const { success, stdout, stderr } = await run([
        ...SMALL,
        "--servers=bare-deno,ours-deno-controller",
        `--json=${json}`,
        `--svg=${svg}`,
      ]);
      assert(success, new TextDecoder().decode(stderr));
      const results: Results = JSON.parse(await Deno.readTextFile(json));
      assertComplete(results);
      const printed = new TextDecoder().decode(stdout);
      assertEquals(printed.trimEnd(), writeResults(results));
      const chart = await Deno.readTextFile(svg);
      assertEquals(chart, drawChart(results));
      assertStringIncludes(chart, "prefers-color-scheme: dark");
      assertEquals(chart.match(/<rect class="bar/g)?.length, 8);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Checks that each server has a value of each metric in each round. */
function assertComplete(results: Results): void {
  assertEquals(results.leftOut, []);
  assertEquals(results.metrics.length, 14);
  for (const { id: server } of results.servers) {
    for (const { id: metric } of results.metrics) {
      const cell = findCell(results, server, metric);
      assertEquals(cell?.rounds, [0, 1], `${server} ${metric}`);
      assert(cell!.values.every(Number.isFinite), `${server} ${metric}`);
    }
  }
  const costs = results.cells.filter(({ metric }) => metric.startsWith("echo"));
  assert(costs.every(({ values }) => values.every((value) => value > 0)));
}

Deno.test({
  name: "deno task bench compares with another folder",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { code, stdout } = await run([
      ...SMALL,
      "--servers=ours-deno-controller,theirs-deno-controller",
      "--work=start",
      `--against=${fileURLToPath(new URL("../../", import.meta.url))}`,
    ]);
    // Which of the two starts faster is chance.
    assert(code === 0 || code === 1, `${code}`);
    assertMatch(
      new TextDecoder().decode(stdout),
      /\| start to first connection \| .* \| 1\.15 \| \d\.\d+ \| [\d. ]+ \|/,
    );
  },
});

Deno.test({
  name: "deno task bench refuses what it does not know",
  ignore: Deno.build.os === "windows",
  fn: testRefusals,
});

async function testRefusals(): Promise<void> {
  for (
    const [option, text] of [
      ["--server=ours", 'Cannot use "--server=ours": it is no option'],
      [
        "--servers=other",
        'Cannot use "--servers=other": it must be one of bare-deno,',
      ],
      [
        "--work=sleep",
        'Cannot use "--work=sleep": it must be one of echo-1-16,',
      ],
      [
        "--only=all",
        'Cannot use "--only=all": it must be one of bare, ours, peers',
      ],
      [
        "--write --work=echo",
        'Cannot use "--write" with "--work": the pages show all servers and works',
      ],
      ["--against=no-such-commit", 'Cannot compare with "no-such-commit"'],
    ] as const
  ) {
    const { success, stderr } = await run(option.split(" "));
    assertEquals(success, false, option);
    const told = new TextDecoder().decode(stderr);
    assertEquals(told.slice(0, text.length), text);
  }
}
