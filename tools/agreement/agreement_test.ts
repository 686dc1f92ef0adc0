import { assertEquals } from "@std/assert";
import { type Case, CASES } from "./cases.ts";
import { decodeWorld, encodeWorld } from "./encoding.ts";
import { Play } from "./play.ts";
import { playScenario, SCENARIOS } from "./recorded.ts";
import { search } from "./search.ts";

/**
 * Cases that are small enough for a test, with the number of their states: a
 * search that misses some finds nothing either.
 */
const SMALL_CASES: readonly (Case & { readonly states: number })[] = [
  {
    name: "a room",
    start: ["namespace"],
    names: ["room"],
    calls: [2, 1],
    giveUps: 1,
    refusals: 1,
    states: 10666,
  },
  {
    name: "a room whose hooks call",
    start: ["namespace"],
    names: ["room"],
    calls: [1, 1],
    hookCalls: 1,
    refusals: 1,
    states: 5141,
  },
  {
    name: "a namespace",
    start: [],
    names: ["namespace"],
    calls: [2, 1],
    giveUps: 1,
    refusals: 1,
    states: 6453,
  },
  {
    name: "a namespace and two rooms",
    start: ["namespace", "room", "room2"],
    names: ["namespace", "room", "room2"],
    calls: [1, 1],
    giveUps: 1,
    refusals: 1,
    states: 6219,
  },
  {
    name: "leaveAll()",
    start: ["namespace", "room", "room2"],
    names: ["room", "room2"],
    calls: [2, 0],
    giveUps: 1,
    refusals: 1,
    hasLeaveAll: true,
    states: 5947,
  },
  {
    name: "leaveAll() while a hook awaits a join of the next room",
    start: ["namespace", "room", "room2"],
    names: ["room", "room2"],
    calls: [1, 0],
    hookCalls: 1,
    hasLeaveAll: true,
    states: 706,
  },
  {
    name: "a lost socket",
    start: ["namespace", "room"],
    names: ["namespace", "room"],
    calls: [1, 1],
    losses: 1,
    states: 10187,
  },
  {
    name: "a Go server",
    rules: ["ours", "go"],
    only: "client",
    start: ["namespace"],
    names: ["namespace", "room"],
    calls: [1, 1],
    giveUps: 1,
    refusals: 1,
    states: 1171,
  },
  {
    name: "a Go client",
    rules: ["go", "ours"],
    only: "server",
    start: ["namespace"],
    names: ["namespace", "room"],
    calls: [1, 1],
    giveUps: 1,
    refusals: 1,
    states: 1451,
  },
];

for (const scenario of SCENARIOS) {
  Deno.test(`Our rules do what Go was recorded to do: ${scenario.name}`, () => {
    const { client, server } = scenario;
    assertEquals(playScenario(scenario), { client, server });
  });
}

for (const c of CASES.filter(({ finds }) => finds !== undefined)) {
  Deno.test(`search() finds a fault, ${c.name}`, () => {
    assertEquals(search(c).fault, c.finds);
  });
}

for (const { states, ...c } of SMALL_CASES) {
  Deno.test(`Our rules hold in every order: ${c.name}`, () => {
    assertEquals(search(c), { states, fault: "", trace: [] });
  });
}

Deno.test("search() gives a trace that leads to the fault", () => {
  const c = CASES.find(({ name }) => name === "before: fault 48")!;
  assertEquals(search(c).trace, [
    "the socket is lost",
    "client:   fires OnRoomLeft",
    "client:   fires OnNamespaceDisconnect",
    "server:   fires OnRoomLeft",
    "server:   fires OnNamespaceDisconnect",
    "client calls leave() [1]",
    "client:   leave() [1] rejects",
  ]);
});

Deno.test("decodeWorld() gives what was encoded", () => {
  const play = new Play({
    name: "walks",
    start: ["namespace", "room"],
    names: ["namespace", "room", "room2"],
    calls: [6, 6],
    hasLeaveAll: true,
    hookCalls: 2,
    giveUps: 2,
    refusals: 2,
    losses: 1,
  });
  const start = encodeWorld(play.world);
  for (let walk = 0; walk < 30; walk++) {
    play.world = decodeWorld(start);
    for (let length = 0; length < 60; length++) {
      const steps = play.listSteps();
      if (steps.length === 0) break;
      play.take(steps[(walk * 7 + length * walk) % steps.length]!);
      assertEquals(decodeWorld(encodeWorld(play.world)), play.world);
    }
  }
});
