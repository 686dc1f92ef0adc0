import { assertStringIncludes } from "@std/assert";
import { Browser, Key, lacksBrowser } from "../browser/mod.ts";
import { Folder } from "../first_hour/mod.ts";

/**
 * Lays out a project with `neffos init`, runs its tasks, and opens its page.
 *
 * @param registry The registry that has this module.
 * @throws {Error} When something of it fails.
 */
export async function checkInit(registry: URL): Promise<void> {
  await using folder = await Folder.create(registry);
  const neffos = "deno run -A jsr:@neffos/mvc/cli";
  await folder.run(`${neffos} init .`);
  await folder.run("deno task check");
  const tested = await folder.run("deno task test");
  assertStringIncludes(tested, "2 passed | 0 failed");
  await folder.run("deno task start");
  const url = `ws://${folder.address}/chat`;
  await folder.run(`${neffos} emit ${url} chat onSay hello`);
  const count = await folder.run(`${neffos} ask ${url} chat onCount`);
  assertStringIncludes(count, "1");
  if (!lacksBrowser("the page of neffos init")) {
    await openPage(`http://${folder.address}/`);
  }
}

/** Says something on the page, which shows it below what was said before. */
async function openPage(url: string): Promise<void> {
  await using browser = await Browser.launch();
  const page = await browser.open(url);
  await page.shows("li", "hello");
  await page.type("input", ` ${Key.enter}`);
  await page.shows("p", "say something");
  await page.type("input", `from a page${Key.enter}`);
  await page.shows("li:nth-child(2)", "from a page");
  const errors = await browser.takeErrors();
  if (errors.length > 0) throw new Error(`The console says ${errors}`);
}
