import { assertEquals, assertRejects } from "@std/assert";
import { Child } from "./child.ts";
import { SoakFailure } from "./failure.ts";
import { soak } from "./mod.ts";
import { renderReport } from "./report.ts";
import { makeTally, Pending, Sequence } from "./tally.ts";

const SMALL = {
  idle: 300,
  talking: 20,
  turns: 2,
  messages: 50,
  span: 0,
  rooms: 10,
  holders: 2,
  seed: 1,
};

/** The measurements are read from /proc. */
const ignore = Deno.build.os !== "linux";

Deno.test({ name: "320 connections lose nothing", ignore }, async () => {
  const result = await soak(SMALL);
  assertEquals(result.failures, []);
  const { ours, bare } = result;
  // Each sends all of its messages, and each receives every broadcast.
  const said = 2 * (20 * 50 + 1);
  for (const { tally, millis } of [ours, bare]) {
    assertEquals(tally.sent, said);
    const isHeard = tally.received >= millis.length + 2 * 320;
    assertEquals(isHeard, true);
  }
  assertEquals(ours.tally, bare.tally);
  assertEquals(renderReport(result).split("\n").length, 24);
});

Deno.test({ name: "Child reports when it has ended", ignore }, async () => {
  const child = await Child.start({ program: "client.ts", sockets: 10 });
  Deno.kill(child.pid, "SIGKILL");
  await assertRejects(
    () => child.tell("leave", { server: "ours" }),
    SoakFailure,
    "client.ts has ended: SIGKILL",
  );
  await child.kill();
});

Deno.test(
  { name: "a Child says that it cannot open so many", ignore },
  async () => {
    await assertRejects(
      () => Child.start({ program: "client.ts", sockets: 1e12 }),
      SoakFailure,
      "or hold fewer: --idle=",
    );
  },
);

Deno.test("Sequence counts missing, late and duplicated numbers", () => {
  const tally = makeTally();
  const sequence = new Sequence();
  const isNew = [0, 2, 4, 1, 4].map((n) => sequence.accept(n, tally));
  assertEquals(isNew, [true, true, true, true, false]);
  assertEquals(tally, { ...makeTally(), disordered: 1, duplicated: 1 });
  assertEquals(sequence.countLost(7), 3);
});

Deno.test("Pending counts late messages, and messages that were never sent", () => {
  const tally = makeTally();
  const pending = new Pending();
  pending.add("a", 1);
  pending.add("b", 2);
  const sentAt = ["b", "a", "a"].map((frame) => pending.accept(frame, tally));
  assertEquals(sentAt, [2, 1, undefined]);
  assertEquals(tally, { ...makeTally(), disordered: 1, duplicated: 1 });
});
