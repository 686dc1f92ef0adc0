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
  ignore: lacksBrowser(NAME, { isLong: true }),
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

    await step("two tabs of a person share the strokes", async () => {
      await draw(ann, [0.5, 0.5], [0.6, 0.6]);
      await showsAs(bob, ann, 3);
      const tab = await browser.open(example.url);
      const kept = await ann.run(() => {
        const names = ["key", "name", "own"] as const;
        return names.map((name) => [name, sessionStorage.getItem(name)!]);
      });
      await tab.run((kept) => {
        for (const [name, value] of kept) sessionStorage.setItem(name!, value!);
      }, kept);
      await tab.reload();
      await showsAs(tab, ann, 3);
      await tab.click("#undo");
      await showsAs(ann, tab, 2);
      await ann.click("#undo");
      await showsAs(bob, ann, 1);
      await draw(ann, [0.1, 0.8], [0.3, 0.2], [0.5, 0.8], [0.7, 0.3]);
      await showsAs(bob, ann, 2);
      await tab.navigate("about:blank");
    });

    await step("a page that comes back draws nothing twice", async () => {
      await ann.run(() => {
        const { send } = WebSocket.prototype;
        const spy = Object.assign(globalThis, { draws: 0, socket: undefined });
        WebSocket.prototype.send = function (data) {
          Object.assign(spy, { socket: this });
          if (String(data).includes("onDraw")) spy.draws++;
          send.call(this, data);
        };
      });
      await draw(ann, [0.2, 0.2], [0.3, 0.3]);
      await showsAs(bob, ann, 3);
      await ann.run(() => {
        const spy = globalThis as unknown as { socket: WebSocket };
        Object.assign(spy, { draws: 0 });
        spy.socket.close();
      });
      await ann.shows("#banner", "You are back online");
      await ann.until(() =>
        !document.querySelector<HTMLButtonElement>("#undo")!.disabled
      );
      await draw(ann, [0.9, 0.1], [0.9, 0.1]);
      await showsAs(bob, ann, 4);
      const draws = await ann.run(() =>
        (globalThis as unknown as { draws: number }).draws
      );
      assertEquals(draws, 1);
      await ann.click("#undo");
      await ann.click("#undo");
      await showsAs(bob, ann, 2);
    });

    await step("a name that is not confirmed changes nothing", async () => {
      await bob.click("#rename");
      await bob.type("#name", `Rob${Key.escape}`);
      await bob.until(() =>
        !document.querySelector<HTMLDialogElement>("#welcome")!.open
      );
      assertEquals(await bob.text("#rename"), "Bob");
      await bob.click("#rename");
      await bob.type("#name", `Rob${Key.enter}`);
      await ann.shows("#people", "Rob");
      await bob.click("#rename");
      await bob.type("#name", `Bob${Key.enter}`);
      await ann.shows("#people", "Bob");
      await showsAs(bob, ann, 2);
    });

    await step("a page that is refused can try again", async () => {
      const page = await browser.open(`${example.url}#${"x".repeat(60)}`);
      await page.type("#name", `Eve${Key.enter}`);
      await page.shows("#banner", "The name of a board must have");
      await page.run(() => Object.assign(globalThis, { isOld: true }));
      await page.click("#banner button");
      await page.until(() => !("isOld" in globalThis));
      await page.shows("#banner", "The name of a board must have");
    });

    await step("who comes later sees all of it", async () => {
      const cyd = await browser.open(example.url);
      await enter(cyd, "Cyd");
      await showsAs(cyd, ann, 2);
    });

    await step(
      "people are not here while they are on another page",
      async () => {
        await bob.navigate("about:blank");
        await ann.until(() =>
          !document.querySelector("#people")!.textContent!.includes("Bob")
        );
        await bob.back();
        await ann.shows("#people", "Bob");
        // The driver may still hold the page that the browser had kept.
        await bob.reload();
        await showsAs(bob, ann, 2);
      },
    );

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
