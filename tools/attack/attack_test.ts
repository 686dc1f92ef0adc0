import { assertEquals } from "@std/assert";
import { attack, attacksOn } from "./mod.ts";

/** All of them take half a minute: `.ci/run` runs them, small as well. */
const EVERY = 4;

Deno.test({
  name: "A server withstands attacks of every kind, each a small one",
  // What a process holds is read in /proc.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const attacks = attacksOn("deno").filter((_, i) => i % EVERY === 0);
    const rows = await attack({ attacks, seed: 1, scale: 0.02 });
    const failed = rows.flatMap(({ name, failures }) =>
      failures.map((failure) => `${name}: ${failure}`)
    );
    assertEquals(failed, []);
    assertEquals(rows.length, attacks.length + 1);
  },
});
