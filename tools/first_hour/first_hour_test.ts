import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lacksBrowser } from "../browser/mod.ts";
import { checkInit } from "../cli/init.ts";
import { runFirstHour, runGuides } from "./mod.ts";
import { layOutPackage } from "./registry.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("The README and the guides work in an empty folder", async (t) => {
  const cache = await Deno.makeTempDir();
  try {
    const registry = await layOutPackage(cache);
    await t.step("README.md", () => checkReadme(registry));
    await t.step("guides", () => checkGuides(registry));
    await t.step("neffos init", () => checkInit(registry));
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

async function checkReadme(registry: URL): Promise<void> {
  const hasBrowser = !lacksBrowser("the page of the README");
  const steps = await runFirstHour({ registry, hasBrowser });
  const output = (begin: string) =>
    steps.find(({ name }) => name.startsWith(begin))?.output ?? "";
  assertEquals(
    steps.map(({ name }) => name).filter((name) => !name.startsWith("open")),
    [
      "deno add jsr:@neffos/mvc jsr:@std/assert",
      "paste main.ts",
      "paste page/index.html",
      "deno run --allow-net --allow-read=page main.ts",
      "paste client.ts",
      "deno run --allow-net client.ts",
      "paste main_test.ts",
      "deno test --allow-read=page",
    ],
  );
  assertStringIncludes(
    output("deno run --allow-net client.ts"),
    `Hello Ann, you are visitor ${hasBrowser ? 2 : 1}`,
  );
  assertStringIncludes(output("deno test"), "1 passed | 0 failed");
}

async function checkGuides(registry: URL): Promise<void> {
  const guides = [new URL("README.md", ROOT)];
  for (const folder of ["neffos/", "mvc/"]) {
    for await (const { name } of Deno.readDir(new URL(folder, ROOT))) {
      if (name.endsWith(".md")) guides.push(new URL(folder + name, ROOT));
    }
  }
  const files = await runGuides(guides, { registry });
  assert(files.some((name) => name.endsWith("_test.ts")));
}
