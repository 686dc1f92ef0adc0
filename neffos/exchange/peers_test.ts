import { assertEquals } from "@std/assert";
import { FakeClock } from "../harness/clock.ts";
import { SharedTimers } from "../util/shared_timers.ts";
import { Peers } from "./peers.ts";

/** Peers with one server, "ann", on a clock that can jump. */
class Scene implements Disposable {
  readonly dead: string[] = [];
  readonly clock: FakeClock = new FakeClock();
  readonly peers = new Peers(
    new SharedTimers(),
    3_000,
    (id) => this.dead.push(id),
  );
  readonly #now = Date.now;

  constructor() {
    this.peers.beat("ann", 0, false);
  }

  jump(ms: number): void {
    Date.now = () => this.#now() + ms;
  }

  [Symbol.dispose](): void {
    Date.now = this.#now;
    this.clock[Symbol.dispose]();
  }
}

Deno.test("Peers wait for what has arrived while the process stood still", () => {
  using scene = new Scene();
  const { clock, peers, dead } = scene;
  scene.jump(60_000);
  // Timers come first.
  clock.tick(3_000);
  peers.hear("ann");
  clock.tick(3_000);
  assertEquals([peers.ids, dead], [["ann"], []]);
  clock.tick(500);
  assertEquals([peers.ids, dead], [[], ["ann"]]);
});

Deno.test("Peers notice that a server is dead although the clock was set back", () => {
  using scene = new Scene();
  const { clock, peers, dead } = scene;
  scene.jump(-3_600_000);
  clock.tick(3_000);
  assertEquals(peers.ids, ["ann"]);
  clock.tick(3_300);
  assertEquals(dead, ["ann"]);
});
