import { assertEquals } from "@std/assert";
import { type Import, readImports } from "../house/imports.ts";
import { findFaults } from "./imports.ts";

/** Reads `a.ts -> b.ts`, and `a.ts => b.ts` for an import of types. */
function graph(...ties: string[]): Import[] {
  return ties.map((tie) => {
    const [from, arrow, to] = tie.split(" ") as [string, string, string];
    return { from, to, isType: arrow === "=>" };
  });
}

Deno.test("findFaults() finds none where imports run downwards", () => {
  const imports = graph(
    "mod.ts -> neffos/mod.ts",
    "neffos/mod.ts -> neffos/client/client.ts",
    "neffos/client/client.ts -> neffos/connection/session.ts",
    "neffos/client.ts -> neffos/client/client.ts",
    "neffos/server/server.ts -> neffos/server/host.ts",
    "neffos/internal.ts -> neffos/server/upgrade/handshake.ts",
    "mvc/http/context.ts -> neffos/internal.ts",
    "mvc/application.ts => neffos/mod.ts",
    "tools/fuzz/round.ts -> neffos/api/conn.ts",
  );
  assertEquals(findFaults(imports), []);
});

const UPWARDS: Readonly<Record<string, string>> = {
  "neffos/api/conn.ts => neffos/server/server.ts": "api may not import server",
  "neffos/server/host.ts -> neffos/client/dial.ts":
    "server may not import client",
  "neffos/client.ts => neffos/server/server.ts":
    "client.ts may not import server",
  "neffos/client/dial.ts -> neffos/exchange/mod.ts":
    "client may not import exchange",
  "neffos/util/timers.ts -> neffos/protocol/codec.ts":
    "util may not import protocol",
  "neffos/api/conn.ts -> neffos/mod.ts": "api may not import mod.ts",
  "neffos/api/conn.ts -> neffos/harness/mod.ts": "api may not import harness",
  "neffos/api/conn.ts -> tools/options.ts": "neffos may not import tools",
  "neffos/attic/old.ts -> neffos/util/timers.ts":
    "attic has no layer in tools/ok/imports.ts",
  "neffos/mod.ts => mvc/mod.ts": "neffos may not import mvc",
  "mvc/http/body.ts -> mvc/container/scope.ts": "http may not import container",
  "mvc/http/body.ts => neffos/protocol/body.ts":
    "mvc may import neffos/mod.ts, neffos/client.ts and neffos/internal.ts alone",
};

for (const [tie, reason] of Object.entries(UPWARDS)) {
  Deno.test(`findFaults() refuses ${tie}`, () => {
    const [fault, ...others] = findFaults(graph(tie));
    assertEquals(fault, `${tie.replace(/[-=]>/, "imports")}: ${reason}`);
    assertEquals(others, []);
  });
}

Deno.test("findFaults() names a shortest circle of values, and one with types", () => {
  const imports = graph(
    "neffos/util/a.ts -> neffos/util/b.ts",
    "neffos/util/b.ts -> neffos/util/c.ts",
    "neffos/util/c.ts -> neffos/util/d.ts",
    "neffos/util/d.ts -> neffos/util/a.ts",
    "neffos/util/d.ts -> neffos/util/b.ts",
    "neffos/util/d.ts => neffos/util/c.ts",
    "neffos/util/e.ts -> neffos/util/a.ts",
  );
  assertEquals(findFaults(imports), [
    "circle: neffos/util/b.ts -> neffos/util/c.ts -> neffos/util/d.ts -> neffos/util/b.ts, among 4 files",
    "circle: neffos/util/c.ts -> neffos/util/d.ts -> neffos/util/c.ts, among 4 files",
  ]);
});

Deno.test("findFaults() allows the handles alone to know each other, and types alone", () => {
  const [conn, room, stats] = ["conn.ts", "room.ts", "stats.ts"]
    .map((name) => `neffos/api/${name}`);
  assertEquals(
    findFaults(graph(`${conn} => ${room}`, `${room} => ${conn}`)),
    [],
  );
  assertEquals(
    findFaults(graph(`${conn} -> ${room}`, `${room} -> ${conn}`)),
    [`circle: ${conn} -> ${room} -> ${conn}`],
  );
  assertEquals(
    findFaults(graph(
      `${conn} => ${room}`,
      `${room} => ${conn}`,
      `${room} => ${stats}`,
      `${stats} => ${conn}`,
    )),
    [`circle: ${stats} -> ${conn} -> ${room} -> ${stats}`],
  );
});

Deno.test("findFaults() finds a circle of folders that is none of files", () => {
  const imports = graph(
    "tools/a/one.ts => tools/b/one.ts",
    "tools/b/two.ts -> tools/a/two.ts",
  );
  assertEquals(findFaults(imports), [
    "circle: tools/a -> tools/b -> tools/a: tools/a/one.ts imports tools/b/one.ts, " +
    "tools/b/two.ts imports tools/a/two.ts",
  ]);
});

Deno.test("readImports() tells imports of types from those of values", async () => {
  const root = await Deno.makeTempDir();
  try {
    const files = ["a.ts", "b.ts", "c.ts", "d.ts"];
    for (const file of files) {
      await Deno.writeTextFile(`${root}/${file}`, "export type T = 1;");
    }
    await Deno.writeTextFile(
      `${root}/a.ts`,
      `import type { T } from "./b.ts"; export type { T as U } from "./c.ts";
       import type { T as V } from "./d.ts"; import "./d.ts"; import "./gone.json";`,
    );
    assertEquals(
      await readImports(root, files),
      graph("a.ts => b.ts", "a.ts => c.ts", "a.ts -> d.ts"),
    );
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
