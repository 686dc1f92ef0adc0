/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { inspect, watchShifts } from "../../tools/browser/inspect.ts";
import {
  Browser,
  Key,
  lacksBrowser,
  NARROW,
  type Page,
} from "../../tools/browser/mod.ts";
import { stepInOrder } from "../../tools/browser/steps.ts";
import { dial } from "@neffos/mvc";
import { Example } from "../_shared/example.ts";
import type { VisitorController } from "./visitor_controller.ts";

const MAIN = new URL("main.ts", import.meta.url);
const NAME = "the page of online-visitors";
const ALONE = "You are the only one who reads this now";

/** Lets visitors without a page in: how many read each page. */
async function enter(
  url: string,
  pages: Readonly<Record<string, number>>,
): Promise<AsyncDisposable> {
  const clients = Object.entries(pages).flatMap(([page, count]) =>
    Array.from({ length: count }, async () => {
      const id = crypto.randomUUID();
      const endpoint = new URL(`/websocket_endpoint?visitor=${id}`, url);
      const client = await dial(endpoint, { visitors: {} });
      const nsConn = await client.connect<typeof VisitorController>("visitors");
      await nsConn.joinRoom(page);
      return client;
    })
  );
  const all = await Promise.all(clients);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((client) => client.close()));
    },
  };
}

/** Waits until these are the counts of the pages, in the order of the list. */
async function showsPages(page: Page, ...lines: string[]): Promise<void> {
  await page.until(
    (expected) =>
      [...document.querySelectorAll("#pages li")].map((item) => {
        const { pathname, search } = item.querySelector("a")!;
        return `${pathname}${search} ${
          item.querySelector(".count")!.textContent
        }`;
      }).join("\n") === expected,
    lines.join("\n"),
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
    const ann = await browser.open("about:blank");
    // As on a phone, whose address for the server is no secure context.
    const source = "delete Crypto.prototype.randomUUID";
    await ann.command("Page.addScriptToEvaluateOnNewDocument", { source });
    await ann.navigate(example.url);

    await step("a visitor who is alone is told so", async () => {
      await ann.shows("#readers", ALONE);
      await ann.shows("#total", "1 reader online");
      assertEquals(await inspect(ann, "online-visitors-alone"), []);
    });

    await step("two windows of one browser are one visitor", async () => {
      const other = await browser.open(`${example.url}?page=otters`, NARROW);
      await other.shows("h1", "Otters hold hands");
      await other.shows("#readers", ALONE);
      await ann.until(() =>
        document.querySelector("#pages")!.textContent!.includes("1 reader")
      );
      await other.shows("#total", "1 reader online");
      await other.navigate("about:blank");
    });

    await step("others are counted on the page that they read", async () => {
      await using _others = await enter(example.url, {
        tides: 3,
        bread: 2,
        lighthouse: 1,
      });
      await ann.shows("#total", "7 readers online");
      await ann.shows("#readers", "4 people are reading this now");
      await ann.press(Key.escape);
      await showsPages(
        ann,
        "/?page=tides 4 readers",
        "/?page=bread 2 readers",
        "/?page=lighthouse 1 reader",
        "/?page=otters Nobody",
      );
      assertEquals(await inspect(ann, "online-visitors"), []);

      // The number changes its place in nothing else.
      const readShifts = await watchShifts(ann);
      await using _more = await enter(example.url, { tides: 8 });
      await ann.shows("#readers", "12 people are reading this now");
      assertEquals(await readShifts(), "");
    });

    await step("they are gone when they have left", async () => {
      await ann.shows("#readers", ALONE);
      await ann.shows("#total", "1 reader online");
    });

    await step("another page is another room, with the keyboard", async () => {
      await using _others = await enter(example.url, { bread: 1 });
      await ann.run(() =>
        document.querySelector<HTMLElement>("a[href$=bread]")!.focus()
      );
      await ann.press(Key.enter);
      await ann.shows("h1", "A loaf that remembers 1906");
      await ann.shows("#readers", "2 people are reading this now");
      assertEquals(await ann.run(() => location.search), "?page=bread");
      assertEquals(await ann.run(() => document.activeElement!.id), "title");
      await ann.run(() => history.back());
      await ann.shows("h1", "Why the tide is late");
      await ann.shows("#readers", ALONE);
      assertEquals(await browser.takeErrors(), []);
    });

    await step("it comes back after the loss of the connection", async () => {
      await example.stop();
      await ann.shows("#banner", "Reconnecting");
      await ann.shows("#readers", "…");
      await ann.click("a[href$=otters]");
      await ann.shows("h1", "Otters hold hands");
      assertEquals(await inspect(ann, "online-visitors-lost"), []);
      example = await Example.start(MAIN, { port: example.port });
      await ann.shows("#banner", "You are back online");
      await ann.shows("#readers", ALONE);
      // While somebody chooses from the list, it keeps its order.
      await ann.click("h1");
      await showsPages(
        ann,
        "/?page=otters 1 reader",
        "/?page=tides Nobody",
        "/?page=lighthouse Nobody",
        "/?page=bread Nobody",
      );
    });
  },
});
