import { assertEquals } from "@std/assert";
import { SmallMap } from "./small_map.ts";

/** Tries the same on a Map and a SmallMap. */
class Pair {
  readonly #map = new Map<string, { n: number }>();
  readonly #small = new SmallMap<string, { n: number }>();

  assertSame(): void {
    assertEquals(this.#small.values, [...this.#map.values()]);
    for (const key of KEYS) {
      assertEquals(this.#small.get(key), this.#map.get(key));
    }
  }

  set(key: string, n: number): void {
    this.#map.set(key, { n });
    this.#small.set(key, { n });
  }

  delete(key: string): void {
    this.#map.delete(key);
    this.#small.delete(key);
  }
}

const KEYS = ["", "a", "b"];

Deno.test("SmallMap does as a Map does, whatever is set and deleted", () => {
  const actions = KEYS.flatMap((key) => [
    (pair: Pair, step: number) => pair.set(key, step),
    (pair: Pair) => pair.delete(key),
  ]);
  // Each way of five steps.
  for (let way = 0; way < actions.length ** 5; way++) {
    const pair = new Pair();
    let rest = way;
    for (let step = 0; step < 5; step++) {
      actions[rest % actions.length]!(pair, step);
      rest = Math.floor(rest / actions.length);
    }
    pair.assertSame();
  }
});
