/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { inspect } from "../../tools/browser/inspect.ts";
import {
  Browser,
  Key,
  lacksBrowser,
  NARROW,
  type Page,
} from "../../tools/browser/mod.ts";
import { stepInOrder } from "../../tools/browser/steps.ts";
import { Example } from "../_shared/example.ts";

const MAIN = new URL("main.ts", import.meta.url);
const NAME = "the page of the whiteboard";

async function enter(page: Page, name: string): Promise<void> {
  await page.type("#name", name + Key.enter);
  await page.shows("#people", name);
}

/** Draws a line with the mouse, as a part of the board. */
async function draw(page: Page, ...points: (readonly [number, number])[]) {
  await page.run((points) => {
    const board = document.querySelector<SVGElement>("#board")!;
    const { left, top, width, height } = board.getBoundingClientRect();
    board.setPointerCapture = () => {};
    const fire = (type: string, [x, y]: readonly [number, number]) =>
      board.dispatchEvent(
        new PointerEvent(type, {
          clientX: left + x * width,
          clientY: top + y * height,
          isPrimary: true,
          button: 0,
          bubbles: true,
        }),
      );
    fire("pointerdown", points[0]!);
    for (const point of points) fire("pointermove", point);
    fire("pointerup", points.at(-1)!);
  }, points);
}

/** Waits until a page shows as many strokes, each as another page has it. */
async function showsAs(page: Page, other: Page, count: number) {
  const read = () =>
    [...document.querySelectorAll("#strokes path")]
      .map((path) => `${path.getAttribute("class")} ${path.getAttribute("d")}`);
  await other.until(
    (count) => document.querySelectorAll("#strokes path").length === count,
    count,
  );
  await page.until(
    (expected) =>
      [...document.querySelectorAll("#strokes path")]
        .map((path) =>
          `${path.getAttribute("class")} ${path.getAttribute("d")}`
        )
        .join("\n") === expected,
    (await other.run(read)).join("\n"),
  );
}

Deno.test({
  name: NAME,
  ignore: lacksBrowser(NAME),
  async fn(t) {
    const step = stepInOrder(t);
    await using browser = await Browser.launch();
    let example = await Example.start(MAIN);
    await using _end = {
      [Symbol.asyncDispose]: async () => void await example.stop(),
    };
    const ann = await browser.open(example.url);
    const bob = await browser.open(example.url, NARROW);

    await step("people give their names", async () => {
      assertEquals(await inspect(ann, "collab-welcome"), []);
      await enter(ann, "Ann");
      await enter(bob, "Bob");
      await ann.shows("#people", "Bob");
      await ann.shows("#empty", "Draw something");
      assertEquals(await inspect(ann, "collab-empty"), []);
    });

    await step("what one draws the other sees", async () => {
      await draw(ann, [0.1, 0.8], [0.3, 0.2], [0.5, 0.8], [0.7, 0.3]);
      await showsAs(bob, ann, 1);
      await bob.click("#pens label:nth-of-type(3) input");
      await draw(bob, [0.2, 0.3], [0.5, 0.35], [0.9, 0.4]);
      await showsAs(ann, bob, 2);
      await ann.until(() =>
        document.querySelector("#cursors")!.textContent === "Bob"
      );
      assertEquals(await browser.takeErrors(), []);
      assertEquals(await inspect(ann, "collab-drawn"), []);
    });

    await step("the keyboard draws too", async () => {
      await ann.run(() =>
        document.querySelector<SVGElement>("#board")!.focus()
      );
      await ann.press(" ", "\ue014", "\ue014", "\ue015", " ");
      await showsAs(bob, ann, 3);
    });

    await step("each takes back strokes of its own alone", async () => {
      await bob.click("#undo");
      await showsAs(ann, bob, 2);
      await bob.until(() =>
        document.querySelector<HTMLButtonElement>("#undo")!.disabled
      );
    });

    await step("who comes later sees all of it", async () => {
      const cyd = await browser.open(example.url);
      await enter(cyd, "Cyd");
      await showsAs(cyd, ann, 2);
    });

    await step(
      "a server that starts again is told by those who drew",
      async () => {
        await example.stop();
        await ann.shows("#banner", "Reconnecting");
        // Drawn without a connection.
        await draw(ann, [0.6, 0.6], [0.8, 0.9]);
        example = await Example.start(MAIN, { port: example.port });
        await ann.shows("#banner", "You are back online");
        await showsAs(bob, ann, 3);
      },
    );

    await step("the board is cleared after a question", async () => {
      await bob.click("#clear");
      assertEquals(await inspect(bob, "collab-sure"), []);
      await bob.click("#sure [value=no]");
      await showsAs(bob, ann, 3);
      await bob.click("#clear");
      await bob.click("#sure [value=yes]");
      await ann.shows("#notice", "Bob has cleared the board.");
      await showsAs(bob, ann, 0);
      assertEquals(await browser.takeErrors(), []);
    });

    await step("another board is another room", async () => {
      await bob.click("#new");
      await bob.until(() => location.hash !== "#welcome");
      await ann.until(() =>
        !document.querySelector("#people")!.textContent!.includes("Bob")
      );
    });
  },
});
