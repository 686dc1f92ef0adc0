import { assertEquals } from "@std/assert";
import { attack, attacksOn } from "./mod.ts";

Deno.test({
  name: "A server withstands every attack, each a small one",
  // What a process holds is read in /proc.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const rows = await attack({ seed: 1, scale: 0.02 });
    const failed = rows.flatMap(({ name, failures }) =>
      failures.map((failure) => `${name}: ${failure}`)
    );
    assertEquals(failed, []);
    assertEquals(rows.length, attacksOn("deno").length + 1);
  },
});
