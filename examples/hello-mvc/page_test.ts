/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { inspect, watchShifts } from "../../tools/browser/inspect.ts";
import {
  Browser,
  Key,
  lacksBrowser,
  type Page,
} from "../../tools/browser/mod.ts";
import { stepInOrder } from "../../tools/browser/steps.ts";
import { Example, lacksPackage } from "../_shared/example.ts";

const MAIN = new URL("main.ts", import.meta.url);
const NAME = "the page of hello-mvc";

/** Waits until these are the titles of the list. */
async function showsLinks(page: Page, ...titles: string[]): Promise<void> {
  await page.until(
    (expected) =>
      [...document.querySelectorAll(".title")]
        .map(({ textContent }) => textContent).join("\n") === expected,
    titles.join("\n"),
  );
}

Deno.test({
  name: NAME,
  ignore: lacksBrowser(NAME, { isLong: true }) ||
    await lacksPackage(NAME, "npm:zod@^4.2"),
  async fn(t) {
    const step = stepInOrder(t);
    await using browser = await Browser.launch();
    await using example = await Example.start(MAIN);
    const page = await browser.open(example.url);
    const [deno, go] = ["Deno, explained", "The protocol, in Go"];

    await step("the list is there", async () => {
      await showsLinks(page, deno!, go!);
      await page.shows("#count", "2 links");
      assertEquals(await inspect(page, "hello-mvc"), []);
    });

    await step("what a schema refuses is told at its field", async () => {
      const readShifts = await watchShifts(page);
      await page.type("#url", "javascript:alert(1)" + Key.enter);
      await page.shows("#url-error", "It must begin with http:// or https://");
      await page.shows("#title-error", "It must not be empty");
      assertEquals(await page.run(() => document.activeElement?.id), "url");
      assertEquals(await readShifts(), "");
      assertEquals(await inspect(page, "hello-mvc-refused"), []);
    });

    await step("a link is saved with the keyboard alone", async () => {
      await page.run(() =>
        document.querySelector<HTMLInputElement>("#url")!.select()
      );
      const { tab, enter } = Key;
      await page.press(..."https://example.com/", tab, ..."<b>Ex</b>", enter);
      await showsLinks(page, "<b>Ex</b>", deno!, go!);
      await page.shows("#url-error", "");
      await page.shows("#count", "3 links");
      assertEquals(await page.run(() => document.activeElement?.id), "url");
    });

    await step("the same link is refused, with its title", async () => {
      await page.press(..."https://example.com/", Key.tab, "x", Key.enter);
      await page.shows("#url-error", 'You have saved this link as "<b>Ex</b>"');
      await page.run(() =>
        document.querySelector<HTMLFormElement>("#add")!.reset()
      );
    });

    await step("a link is read, and the filter knows", async () => {
      await page.click("[aria-label='Read: Deno, explained']");
      await page.until(() => document.querySelector("li.read"));
      await page.click("input[value=unread]");
      await showsLinks(page, "<b>Ex</b>", go!);
      await page.type("#q", "go");
      await showsLinks(page, go!);
      await page.type("#q", "ne");
      await showsLinks(page);
      await page.shows("#empty", "Nothing matches.");
      assertEquals(await inspect(page, "hello-mvc-empty"), []);
      await page.reload();
      await showsLinks(page, "<b>Ex</b>", deno!, go!);
      assertEquals(
        await page.run(() => document.querySelector(".read .title")!.innerHTML),
        deno!,
      );
    });

    await step(
      "a link is deleted, and the focus stays in the list",
      async () => {
        await page.click("[aria-label='Delete Deno, explained']");
        await showsLinks(page, "<b>Ex</b>", go!);
        await page.until(
          (label) => document.activeElement?.ariaLabel === label,
          `Delete ${go}`,
        );
        // The browser tells of the answers that were refused; nothing else.
        assertEquals(await browser.takeErrors(), []);
      },
    );

    await step("it says that the server is gone", async () => {
      await example.stop();
      await page.click("[aria-label='Read: The protocol, in Go']");
      await page.shows("#notice", "The server cannot be reached");
    });
  },
});
