import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { findHistoryFile, readHistory, writeHistory } from "./history.ts";

Deno.test("findHistoryFile() follows the XDG base directories", () => {
  const find = (env: Record<string, string>) =>
    findHistoryFile({ env: (name) => env[name] });
  const home = { HOME: "/home/ann" };
  assertEquals(
    find(home),
    join("/home/ann", ".local", "state", "neffos", "history"),
  );
  assertEquals(
    find({ ...home, XDG_STATE_HOME: "/state" }),
    join("/state", "neffos", "history"),
  );
  assertEquals(find({}), undefined);
});

Deno.test("writeHistory() keeps the latest lines, for their owner alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "new", "history");
    assertEquals(await readHistory(file), []);
    const lines = Array.from({ length: 1_200 }, (_, i) => `line ${i}`);
    await writeHistory(file, lines);
    assertEquals(await readHistory(file), lines.slice(0, 1_000));
    if (Deno.build.os !== "windows") {
      assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
    }
    // A file in the place of the folder.
    await writeHistory(join(file, "history"), ["a"]);
    assertEquals(await readHistory(join(file, "history")), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
