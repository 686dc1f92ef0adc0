import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";

/** Runs the tests of some files that import the package by its name. */
async function runTests(files: Record<string, string>): Promise<string> {
  // They must be in the package for that.
  const dir = await Deno.makeTempDir({
    dir: fileURLToPath(new URL("../testdata/", import.meta.url)),
  });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(dir, name), text);
    }
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", "--trace-leaks", dir],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    const log = text.decode(stdout) + text.decode(stderr);
    assertEquals(code, 0, log);
    return log;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("The first test of the guide passes as printed, without any permission", async () => {
  const guide = await Deno.readTextFile(
    new URL("../TESTING.md", import.meta.url),
  );
  const files = Object.fromEntries(
    Array.from(
      guide.matchAll(/```ts ignore\n\/\/ (\S+)\n(.*?)```/gs),
      ([, name, text]) => [name!, text!],
    ),
  );
  assertEquals(Object.keys(files), ["chat.ts", "chat_test.ts"]);
  assertStringIncludes(await runTests(files), "1 passed | 0 failed");
});
