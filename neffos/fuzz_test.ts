import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { FuzzFailure } from "../tools/fuzz/failure.ts";
import { fuzz, ROUND_FRAMES } from "../tools/fuzz/mod.ts";
import { Server } from "./server/server.ts";

const SEEDS = [1, 1_000, 2_000, 3_000, 4_000];

for (const seed of SEEDS) {
  Deno.test(`A server withstands random clients, seed ${seed}`, async () => {
    await fuzz(seed, 2 * ROUND_FRAMES);
  });
}

Deno.test("fuzz() is reproducible by its seed", async () => {
  const first = await fuzz(7, 1_000);
  assertEquals(await fuzz(7, 1_000), first);
  const other = await fuzz(8, 1_000);
  assertNotEquals(other.digest, first.digest);
});

Deno.test("fuzz() notices a server that does not broadcast", async () => {
  const { broadcast } = Server.prototype;
  Server.prototype.broadcast = () => {};
  try {
    const failure = await assertRejects(() => fuzz(1, 4_000), FuzzFailure);
    assertMatch(failure.message, /did not get broadcast/);
    assertMatch(failure.message, /--seed=\d+ --frames=\d+/);
  } finally {
    Server.prototype.broadcast = broadcast;
  }
});
