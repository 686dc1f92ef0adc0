import { Browser, Key } from "../browser/mod.ts";

/**
 * Opens the page of the README, types a name into its form, and waits for the
 * answer.
 *
 * @param url The URL of the page.
 * @param answer The text that it should show.
 * @throws {Error} When the page does not load, shows another text, or its console
 * has errors.
 */
export async function sayHello(url: string, answer: string): Promise<void> {
  await using browser = await Browser.launch();
  const page = await browser.open(url);
  await page.type("input", `Ann${Key.enter}`);
  await page.shows("p", answer);
  const errors = await browser.takeErrors();
  if (errors.length > 0) throw new Error(`The console says ${errors}`);
}
