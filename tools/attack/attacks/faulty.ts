import { type Arena, type Attack, expect } from "../arena.ts";
import { FAULTS } from "../nasty.ts";
import type { Peer } from "../peer.ts";
import { type Point, POINTS } from "../victim_faulty.ts";
import { ESCAPED } from "../victim_limits.ts";

/** Everything that a client can do with a server, in order. */
const STEPS = [
  "$1;faulty;;_OnNamespaceConnect;0;0;",
  "$2;faulty;room;_OnRoomJoin;0;0;",
  "$3;faulty;;onEvent;0;0;x",
  ";faulty;;onEvent;0;0;x",
  "$4;faulty;;onLater;0;0;x",
  "$5;faulty;;nobody;0;0;x",
  "$6;faulty;room;_OnRoomLeave;0;0;",
  "$7;faulty;;_OnNamespaceDisconnect;0;0;",
  "$8;faulty;;_OnNamespaceConnect;0;0;",
] as const;

/** The results. */
type Story = string;

/** Does everything; returns the statuses, refusals and close codes. */
async function live(arena: Arena, path: string, query: string): Promise<Story> {
  const peer = await arena.connect();
  const { status } = await peer.upgrade(`${path}?${query}`, {
    origin: "http://127.0.0.1",
  });
  const hello = status === 101 ? await peer.ask("M") : `${status}`;
  if (hello[0] !== "A") {
    peer[Symbol.dispose]();
    return hello;
  }
  const story = new Set<string>();
  for (const step of STEPS) {
    const seen = await say(peer, step);
    if (seen !== "") story.add(seen);
    if (seen === "dropped" || seen.startsWith("closed")) {
      return [...story].join();
    }
  }
  peer[Symbol.dispose]();
  return [...story].join() || "fine";
}

/** Sends a frame; returns the refusal of an ask, or the end. */
async function say(peer: Peer, step: string): Promise<string> {
  await peer.send(step);
  const [wait] = step.split(";");
  if (wait === "") return "";
  while (true) {
    const text = await peer.text();
    if (text === "dropped" || text.startsWith("closed")) return text;
    const [answered, , , , isError, , ...body] = text.split(";");
    if (answered !== wait) continue;
    return isError === "1" ? body.join(";") : "";
  }
}

/** Returns everything in a full run, else a random part. */
function some(all: readonly string[], arena: Arena): string[] {
  const rest = [...all];
  const count = Math.min(arena.many(all.length), all.length);
  return Array.from({ length: count }, () => arena.prng.take(rest)!);
}

/** Lets the program fail in one place, in every way. */
function failAt(point: Point): Attack {
  return {
    name: `a program that fails: ${point}`,
    async run(arena) {
      const stories = new Map<Story, number>();
      for (const path of ["/faulty", "/faulty-console"]) {
        for (const how of some(FAULTS, arena)) {
          const story = await live(arena, path, `at=${point}&how=${how}`);
          expect(
            arena.victim.isAlive && await arena.victim.serves(),
            true,
            `the server serves after ${path} ${how}: ${arena.victim.errors}`,
          );
          expect(story.includes("secret"), false, `${how}: ${story}`);
          stories.set(story, (stories.get(story) ?? 0) + 1);
        }
      }
      return Array.from(stories, ([story, count]) => `${count} × ${story}`)
        .join("; ");
    },
  };
}

/** The routes of programs that fail over HTTP. */
const ROUTES = ["/web/fail", "/web/around", "/web/sent", "/web/late"] as const;

/** The number of requests and connections at once. */
const WIDTH = 40;

/** Lets the program fail everywhere at the same time. */
async function failEverywhere(arena: Arena): Promise<string> {
  const { prng } = arena;
  const count = arena.many(2_000);
  const seen = new Map<string, number>();
  const failOnce = async () => {
    const how = prng.pick(FAULTS);
    let story: string;
    if (prng.chance(500)) {
      const path = prng.pick(ROUTES);
      const { status, body } = await arena.request(
        `GET ${path}?how=${how} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
      );
      expect(status === ESCAPED, false, `${path} ${how} gets past the router`);
      // What a handler returns is meant for the client.
      const isTold = !how.startsWith("return") && body.includes("secret");
      expect(isTold, false, `${path} ${how}: ${body}`);
      story = `HTTP ${status}`;
    } else {
      const path = prng.pick(["/faulty", "/faulty-console"]);
      const query = `at=${prng.pick(POINTS)}&how=${how}`;
      story = await live(arena, path, query);
      expect(story.includes("secret"), false, `${path}?${query}: ${story}`);
      story = "a websocket";
    }
    seen.set(story, (seen.get(story) ?? 0) + 1);
  };
  for (let left = count; left > 0; left -= WIDTH) {
    await Promise.all(Array.from({ length: Math.min(left, WIDTH) }, failOnce));
    expect(arena.victim.isAlive, true, `it lives: ${arena.victim.errors}`);
  }
  return Array.from(seen, ([story, count]) => `${count} × ${story}`).sort()
    .join(", ");
}

/** Programs that fail wherever they can. */
export const FAULTY: readonly Attack[] = [
  ...POINTS.map(failAt),
  {
    name: "programs that fail everywhere at once",
    faults: "85",
    run: failEverywhere,
  },
];
