import { assertEquals, assertLess, assertThrows } from "@std/assert";
import type { UntypedNSConn } from "../../api/ns_conn.ts";
import { SharedTimers } from "../../util/shared_timers.ts";
import { type Change, Roster } from "./roster.ts";
import { isSyncMeta, RosterSync, type SyncMeta } from "./roster_sync.ts";

/** One side: what it tells others is kept. */
function makeSide() {
  const timers = new SharedTimers();
  const roster = new Roster({
    timers,
    grace: 0,
    report: (error) => {
      throw error;
    },
  });
  const toAll: SyncMeta[] = [];
  const toOne: SyncMeta[] = [];
  const sync = new RosterSync(roster, {
    timers,
    tellAll: (meta) => void toAll.push(meta),
    tell: (_, meta) => void toOne.push(meta),
    isWanted: true,
  });
  const show = () => roster.list("chat", "").map(({ id }) => id).sort();
  return { roster, sync, toAll, toOne, show, timers };
}

const at = (id: string) => ({ id, namespace: "chat" }) as UntypedNSConn;

Deno.test("RosterSync applies what comes while a state is on its way after the state, and asks once", () => {
  const [left, right] = [makeSide(), makeSide()];
  left.roster.enter(at("ann"), "");
  left.sync.receive("right", { t: "pull" });
  right.sync.receive("left", left.toOne.shift()!);
  left.toAll.length = 0;
  left.roster.enter(at("bob"), "");
  left.sync.flush();
  const lost = left.toAll.shift()!;
  left.roster.enter(at("cat"), "");
  left.sync.flush();
  right.sync.receive("left", left.toAll.shift()!);
  assertEquals([right.toOne, lost.t], [[{ t: "pull" }], "delta"]);
  left.sync.receive("right", { t: "pull" });
  left.roster.enter(at("dan"), "");
  left.sync.flush();
  // The change overtakes the state.
  right.sync.receive("left", left.toAll.shift()!);
  for (const part of left.toOne) right.sync.receive("left", part);
  assertEquals(right.show(), ["ann", "bob", "cat", "dan"]);
  assertEquals(right.toOne.length, 1);
  left.timers.stop();
});

Deno.test("RosterSync sends thousands of entries in parts, which may come in any order", () => {
  const [left, right] = [makeSide(), makeSide()];
  for (let i = 0; i < 2_500; i++) left.roster.enter(at(`p${i}`), "");
  left.sync.receive("right", { t: "pull" });
  assertEquals(left.toOne.length, 3);
  for (const part of left.toOne.toReversed()) {
    assertEquals(right.show().length, 0);
    right.sync.receive("left", part);
  }
  assertEquals(right.show(), left.show());
  left.timers.stop();
});

Deno.test("RosterSync sends no part that NATS would refuse, however long names and data are", () => {
  const [left, right] = [makeSide(), makeSide()];
  const people = Array.from(
    { length: 600 },
    (_, i) => at("€".repeat(1_000) + i),
  );
  for (const [i, nsConn] of people.entries()) {
    left.roster.enter(nsConn, "");
    const data = "€".repeat(i % 10 === 0 ? 65_000 : 10);
    left.roster.set(nsConn, "", data);
  }
  left.sync.receive("right", { t: "pull" });
  const encoder = new TextEncoder();
  for (const meta of [...left.toAll, ...left.toOne]) {
    assertLess(encoder.encode(JSON.stringify(meta)).length, 1024 * 1024);
  }
  for (const part of left.toOne) right.sync.receive("left", part);
  assertEquals(right.show(), left.show());
  const tooLong = "x".repeat(65_535);
  assertThrows(() => left.roster.set(people[0]!, "", tooLong), RangeError);
  left.timers.stop();
});

Deno.test("isSyncMeta() refuses what no server of this module sends", () => {
  const change: Change = [1, "chat", "", "ann"];
  const good: Record<string, unknown>[] = [
    { t: "pull" },
    { t: "delta", from: 0, changes: [change, [1, 0], [...change, { a: 1 }]] },
    { t: "state", version: 1, part: 0, parts: 1, changes: [] },
  ];
  for (const meta of good) assertEquals(isSyncMeta(meta), true);
  const bad: Record<string, unknown>[] = [
    { t: "delta", from: 0 },
    { t: "delta", from: -1, changes: [] },
    { t: "delta", from: 0, changes: [[1, 2]] },
    { t: "delta", from: 0, changes: [[1, "chat", "", 5]] },
    { t: "delta", from: 0, changes: [null] },
    { t: "state", version: 1, part: 1, parts: 1, changes: [] },
    { t: "state", version: 1, part: 0, parts: 1e9, changes: [] },
    { t: "other", changes: [] },
  ];
  for (const meta of bad) assertEquals(isSyncMeta(meta), false);
});
