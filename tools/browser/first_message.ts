/**
 * Measures how long it takes from `deno task start` to the first message that a
 * page of the chat shows as sent. Chromium is running already.
 *
 * ```sh
 * deno run -A tools/browser/first_message.ts
 * ```
 *
 * @module
 */

/// <reference lib="dom" />
import { Example } from "../../examples/_shared/example.ts";
import { Browser, Key } from "./mod.ts";

const ROUNDS = 5;

await using browser = await Browser.launch();
for (let round = 1; round <= ROUNDS; round++) {
  const began = performance.now();
  const steps: string[] = [];
  const note = (what: string) =>
    steps.push(`${what} ${Math.round(performance.now() - began)} ms`);
  await using example = await Example.startTask("start");
  note("address printed");
  const page = await browser.open(example.url);
  note("page loaded");
  await page.type("#name", "Ann" + Key.enter);
  await page.until(() => document.activeElement?.id === "text");
  note("joined");
  await page.type("#text", "hello" + Key.enter);
  await page.until(() => document.querySelector("#log li:not(.pending)"));
  note("message sent");
  console.log(steps.join(", "));
}
