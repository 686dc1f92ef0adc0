import { pathToFileURL } from "node:url";
import { assertEquals } from "@std/assert";
import type { Application, ServiceToken } from "../../mod.ts";
import { MemoryServer } from "../../neffos/harness/mod.ts";
import { writeProgram } from "./program.ts";

const SIZE = { services: 100, controllers: 50 };

Deno.test("writeProgram() writes a program that works, and the same one each time", async () => {
  const source = writeProgram(SIZE);
  assertEquals(writeProgram(SIZE), source);
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, source);
    const { makeApp } = await import(pathToFileURL(file).href) as {
      makeApp(): Application<ServiceToken>;
    };
    await using app = makeApp();
    const kinds = app.container.graph()
      .filter(({ name }) => /^(Value|Service)\d/.test(name))
      .map(({ kind }) => kind);
    const count = (kind: string) => kinds.filter((k) => k === kind).length;
    assertEquals(
      ["value", "singleton", "scoped"].map(count),
      [20, 40, 40],
    );
    await using memory = new MemoryServer(app, {
      maxNamespaces: SIZE.controllers,
      idGenerator: () => "ID",
    });
    const names = Array.from({ length: SIZE.controllers }, (_, i) => `n${i}`);
    const handler = Object.fromEntries(names.map((name) => [name, {}]));
    const client = await memory.dial(handler);
    for (const [i, name] of names.entries()) {
      const nsConn = await client.connect(name);
      assertEquals((await nsConn.ask("onEcho", "!")).text(), `${name}!`);
      assertEquals((await nsConn.ask("onLater", "!")).text(), "ID!");
      const services = (await nsConn.ask("onNames")).text().split(",");
      assertEquals(services.length, 1 + i % 5);
    }
    assertEquals(memory.errors, []);
    await client.close();
  } finally {
    await Deno.remove(file);
  }
});
