import { assert } from "@std/assert";
import { MemoryServer } from "../harness/mod.ts";
import { turn } from "../harness/world.ts";

/** Counts the items that code visits in arrays, maps and sets. */
class Steps implements Disposable {
  count = 0;
  readonly #undo: (() => void)[] = [];

  constructor() {
    const iterators = [[], new Map(), new Set()].map((each) =>
      Object.getPrototypeOf(each[Symbol.iterator]())
    );
    for (const prototype of iterators) {
      this.#patch(prototype, "next", () => 1);
    }
    for (
      const name of [
        ...["filter", "map", "flatMap", "slice", "splice", "concat", "shift"],
        ...["find", "findLast", "findIndex", "some", "every", "includes"],
        ...["indexOf", "forEach", "reduce", "join", "sort", "unshift"],
      ] as const
    ) {
      this.#patch(Array.prototype, name, ({ length }) => length);
    }
  }

  #patch(
    target: object,
    name: string,
    weigh: (self: { length: number }) => number,
  ): void {
    const original = Reflect.get(target, name);
    const count = (self: { length: number }) => this.count += weigh(self);
    Reflect.set(target, name, function (this: never, ...args: never[]) {
      count(this);
      return Reflect.apply(original, this, args);
    });
    this.#undo.push(() => Reflect.set(target, name, original));
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo) undo();
  }
}

async function countSteps(act: () => unknown): Promise<number> {
  using steps = new Steps();
  await act();
  await turn();
  return steps.count;
}

Deno.test("A join, a leave and a look-up take as many steps in the thousandth room as in the first, on both sides", async () => {
  for (const reconnect of [false, true]) {
    await using memory = new MemoryServer({ chat: {} }, { maxRooms: 2_000 });
    const { server } = memory;
    const client = await memory.dial({ chat: {} }, { reconnect });
    const nsConn = await client.connect("chat");
    const own = server.connectionsByNamespace("chat")[0]!;
    const measure = async (name: string) => {
      const bySide = [];
      for (const side of [nsConn, own]) {
        bySide.push([
          await countSteps(() => side.joinRoom(name)),
          await countSteps(() => side.room(name)!.emit("onEvent")),
          await countSteps(() => server.room("chat", name)),
          await countSteps(() => side.room(name)!.leave()),
        ]);
      }
      return bySide;
    };
    await measure("warm");
    const first = await measure("first");
    for (let i = 0; i < 1_000; i++) await nsConn.joinRoom(`room ${i}`);
    const last = await measure("last");
    for (const [i, steps] of last.flat().entries()) {
      assert(steps < first.flat()[i]! + 10, `${last} and not ${first}`);
    }
    assert(first.flat().every((steps) => steps < 200), `${first}`);
    // The test would notice a list of the rooms.
    assert(await countSteps(() => nsConn.rooms) >= 1_000);
    await client.close();
  }
});
