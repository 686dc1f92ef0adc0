import { assert, assertEquals } from "@std/assert";
import { type Block, readBlocks, readCommands } from "./blocks.ts";

const ROOT = new URL("../../", import.meta.url);

/** What the examples of `deno task test` and `.ci/run` run. */
const RUN_ELSEWHERE = ["deno task start", "deno task test"];

Deno.test("readBlocks() finds code, its language, its line and the file that it is", () => {
  const markdown =
    "a\n\n```ts ignore\n// main.ts\nrun();\n```\n\n```html\n<!-- page/index.html -->\n<p>\n```\n";
  assertEquals(readBlocks(markdown), [
    {
      info: "ts ignore",
      text: "// main.ts\nrun();\n",
      line: 3,
      file: "main.ts",
    },
    {
      info: "html",
      text: "<!-- page/index.html -->\n<p>\n",
      line: 8,
      file: "page/index.html",
    },
  ]);
  assertEquals(
    readBlocks("```ts\n// Starts main.ts\n```\n")[0]!.file,
    undefined,
  );
  assertEquals(
    readCommands("deno task start # a chat\n\n# all:\ndeno task test"),
    [
      "deno task start",
      "deno task test",
    ],
  );
});

Deno.test("Every snippet of the README and the guides is run", async () => {
  let count = 0;
  for (const folder of ["", "neffos/", "mvc/"]) {
    for await (const { name } of Deno.readDir(new URL(folder, ROOT))) {
      if (!name.endsWith(".md")) continue;
      const text = await Deno.readTextFile(new URL(folder + name, ROOT));
      for (const block of readBlocks(text)) {
        const where = `${folder}${name}:${block.line}`;
        // `deno test --doc` runs all blocks of TypeScript that are not ignored.
        if (block.info === "ts") count++;
        else assert(isRunElsewhere(block, folder + name), where);
      }
    }
  }
  assert(count > 0);
});

/** Whether a block is run by other tests, or is a program of somebody else. */
function isRunElsewhere({ info, file, text }: Block, path: string): boolean {
  switch (info) {
    case "ts ignore":
      // runFirstHour() and runGuides() paste a file. What takes a package of npm
      // is for a broker, with which the tests of exchanges run it.
      return file !== undefined || text.includes(' from "npm:');
    case "html":
      return path === "README.md" && file !== undefined;
    case "sh":
      return path !== "README.md" ||
        readCommands(text).every((command) =>
          RUN_ELSEWHERE.includes(command) ||
          /^deno (add|run|test) /.test(command)
        );
    // tools/cli/docs_test.ts plays them.
    case "console":
      return path === "mvc/CLI.md";
    // What this module is compared with, diagrams, and files of deployments.
    case "go":
    case "js ignore":
    case "text":
      return true;
    default:
      return path.endsWith("DEPLOYMENT.md");
  }
}
