/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import {
  Broker,
  explainMissing,
  hasProgram,
} from "../../neffos/harness/brokers.ts";
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
/** Redis never listens there. */
const NOWHERE = "redis://127.0.0.1:1";
/** From the message back to the last process of the list. */
const TABS = 6;

async function join(page: Page, name: string): Promise<string> {
  await page.type("#name", name + Key.enter);
  await page.until(() => document.activeElement?.id === "text");
  await page.until(() => document.querySelector(".served")!.textContent);
  return await page.text(".served");
}

/** Waits until these are the processes, in order: "name: people". */
async function showsProcesses(page: Page, ...lines: string[]): Promise<void> {
  await page.until(
    (expected) =>
      [...document.querySelectorAll(".process")].map((item) => {
        const name = item.querySelector("strong")!.textContent;
        const people = item.querySelector(".guests")!.textContent;
        return `${name}: ${people}`;
      }).join("\n") === expected,
    lines.join("\n"),
  );
}

function testPage(kind: "Process" | "Worker", redis: Broker | undefined) {
  return async (t: Deno.TestContext) => {
    const step = stepInOrder(t);
    const url = redis ? `redis://127.0.0.1:${redis.port}` : NOWHERE;
    const name = (number: number) => `${kind} ${number}`;
    const [first, second, third] = [name(1), name(2), name(3)];
    await using browser = await Browser.launch();
    await using example = await Example.start(MAIN, {
      env: { REDIS_URL: url },
      permissions: ["-A"],
    });
    const ann = await browser.open(example.url);
    const bob = await browser.open(example.url, NARROW);

    await step("two people on two processes see each other", async () => {
      assertEquals(await join(ann, "Ann"), first);
      assertEquals(await join(bob, "Bob"), second);
      const lines = [`${first}: Ann`, `${second}: Bob`, `${third}: Nobody`];
      await showsProcesses(ann, ...lines);
      await showsProcesses(bob, ...lines);
      await ann.shows("#count", "2 people");
    });

    await step("they talk", async () => {
      await ann.type("#text", "hello" + Key.enter);
      await bob.shows("#log", "hello");
      await bob.type("#text", "hi" + Key.enter);
      await ann.shows("#log", "hi");
      await ann.until(() => !document.querySelector(".pending"));
    });

    await step("a name is taken on all processes", async () => {
      const cy = await browser.open(example.url);
      await cy.type("#name", "Bob" + Key.enter);
      await cy.shows("#name-error", 'The name "Bob" is taken');
    });

    await step(
      "the page of a killed process comes back on another",
      async () => {
        await ann.click(`button[aria-label='Kill ${second}']`);
        await ann.shows(".process.stopped", second);
        // The other two have a connection each.
        await bob.shows(".served", first);
        const lines = [
          `${first}: Ann, Bob`,
          `${second}: Nobody`,
          `${third}: Nobody`,
        ];
        await showsProcesses(ann, ...lines);
        await showsProcesses(bob, ...lines);
        await ann.shows("#count", "2 people");
        await bob.type("#text", "still here" + Key.enter);
        await ann.shows("#log", "still here");
      },
    );

    // Once is enough, and the process that is to start takes its time anyway.
    if (redis === undefined) {
      await step("nothing keeps people from using it", async () => {
        assertEquals(await inspect(ann, "cluster"), []);
        await bob.click("#menu");
        assertEquals(await inspect(bob, "cluster-menu"), []);
        await bob.press(Key.escape);
      });
    }

    await step(
      "the process starts again, and knows what was said",
      async () => {
        await ann.until(() => !document.querySelector(".process.stopped"));
        const dee = await browser.open(example.url);
        assertEquals(await join(dee, "Dee"), second);
        for (const text of ["hello", "hi", "still here"]) {
          await dee.shows("#log", text);
        }
        const lines = [
          `${first}: Ann, Bob`,
          `${second}: Dee`,
          `${third}: Nobody`,
        ];
        for (const page of [ann, bob, dee]) {
          await showsProcesses(
            page,
            ...lines,
          );
        }
      },
    );

    await step("a process can be killed with the keyboard", async () => {
      const { tab, shift, enter } = Key;
      await ann.click("#text");
      await ann.press(...Array(TABS).fill([shift, tab]).flat(), enter);
      await ann.shows(".process.stopped", third);
      // The button is still where the focus is.
      const focus = () => document.activeElement?.ariaLabel;
      assertEquals(await ann.run(focus), `Kill ${third}`);
    });
  };
}

const WITH_WORKERS = "the page of the cluster, with workers";
Deno.test({
  name: WITH_WORKERS,
  ignore: lacksBrowser(WITH_WORKERS, { isLong: true }),
  fn: testPage("Worker", undefined),
});

const WITH_REDIS = "the page of the cluster, with processes and Redis";
const hasRedis = hasProgram("redis-server");
if (!hasRedis) explainMissing("redis-server");
Deno.test({
  name: WITH_REDIS,
  ignore: !hasRedis || lacksBrowser(WITH_REDIS, { isLong: true }),
  async fn(t) {
    await using redis = await Broker.redis();
    await testPage("Process", redis)(t);
  },
});
