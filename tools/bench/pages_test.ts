import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fill, readResults, renderPages } from "./pages.ts";
import { writeFigures } from "./table.ts";

Deno.test("the pages and the chart show the committed run", async () => {
  for (const { url, text } of await renderPages(await readResults())) {
    const shown = await Deno.readTextFile(url);
    const name = url.pathname.split("/").at(-1);
    assertEquals(
      shown === text,
      true,
      `${name} shows another run: run \`deno task bench --from=tools/bench/results.json --write\``,
    );
  }
});

Deno.test("fill() replaces the blocks that it knows, and nothing else", async () => {
  const results = await readResults();
  const text =
    "before\n<!-- bench:messages -->\nold\n<!-- /bench:messages -->\nafter\n";
  const filled = fill(text, results);
  assertStringIncludes(filled, writeFigures(results, "Messages"));
  assertEquals(filled.includes("old"), false);
  assertEquals(filled.startsWith("before\n"), true);
  assertEquals(filled.endsWith("\nafter\n"), true);
  assertThrows(
    () => fill("<!-- bench:none -->\n<!-- /bench:none -->", results),
    Error,
    'No block is named "none"',
  );
});
