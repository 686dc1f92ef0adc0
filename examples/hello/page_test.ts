import { assertEquals } from "@std/assert";
import { inspect } from "../../tools/browser/inspect.ts";
import { Browser, Key, lacksBrowser } from "../../tools/browser/mod.ts";
import { Example } from "../_shared/example.ts";

const NAME = "the page of hello";

Deno.test({
  name: NAME,
  ignore: lacksBrowser(NAME),
  async fn() {
    await using browser = await Browser.launch();
    await using example = await Example.start(
      new URL("main.ts", import.meta.url),
    );
    // Until the client is loaded, the form must not send its page away.
    const cy = await browser.open("about:blank");
    await cy.command("Network.enable", {});
    await cy.command("Network.setBlockedURLs", { urls: ["*/neffos.js"] });
    await cy.navigate(example.url);
    await cy.type("input", "Cy" + Key.enter);
    assertEquals(await cy.run(() => location.href), example.url);

    const ann = await browser.open(example.url);
    const bob = await browser.open(example.url);
    await ann.shows("p", "Connected: type your name.");
    await bob.shows("p", "Connected: type your name.");
    await ann.type("input", "Ann" + Key.enter);
    await ann.shows("p", "Hello Ann, you are visitor 1");
    await bob.shows("p", "Ann is here too");
    assertEquals(await browser.takeErrors(), []);
    await ann.click("button");
    await ann.shows("p", "Hello Ann, you are visitor 2");
    assertEquals(await inspect(ann, "hello"), []);
  },
});
