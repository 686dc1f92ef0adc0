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
import { Example } from "../_shared/example.ts";

const MAIN = new URL("main.ts", import.meta.url);
const NAME = "the page of the members";

async function signIn(page: Page, name: string, password: string) {
  await page.shows("#welcome", "Members only");
  await page.until(() => document.activeElement?.id === "name");
  await page.press(...name, Key.tab, ...password, Key.enter);
}

Deno.test({
  name: NAME,
  ignore: lacksBrowser(NAME),
  async fn(t) {
    const step = stepInOrder(t);
    const folder = await Deno.makeTempDir();
    const options = {
      env: { AUTH_FILE: `${folder}/sessions.json` },
      permissions: [
        "--allow-net=127.0.0.1",
        `--allow-read=examples,${folder}`,
        `--allow-write=${folder}`,
        "--allow-env=PORT,HOST,AUTH_KEY,AUTH_FILE",
      ],
    };
    await using browser = await Browser.launch();
    let example = await Example.start(MAIN, options);
    await using _end = {
      async [Symbol.asyncDispose]() {
        await example.stop();
        await Deno.remove(folder, { recursive: true });
      },
    };
    const page = await browser.open(example.url);

    await step("a wrong password is told beside the form", async () => {
      await signIn(page, "Ann", "wrong");
      await page.shows("#error", "Wrong name or password");
      // The text is read out, and the password can be typed again at once.
      await page.until(() => document.activeElement?.id === "password");
      assertEquals(await inspect(page, "auth-welcome"), []);
    });

    await step("the right one opens the chat", async () => {
      await page.press(..."correct horse", Key.enter);
      await page.shows("#me", "Ann");
      await page.shows("#log", "Ann is here");
      await page.until(() => document.activeElement?.id === "text");
      await page.press(..."hello <b>all</b> https://example.com", Key.enter);
      await page.shows("#log", "hello <b>all</b>");
      assertEquals(await page.text("#log a"), "https://example.com");
      assertEquals(await inspect(page, "auth-members"), []);
    });

    await step(
      "the next message can be written before the answer",
      async () => {
        await page.run(() => {
          const text = document.querySelector<HTMLInputElement>("#text")!;
          text.value = "first";
          text.form!.requestSubmit();
          text.value = "second";
        });
        await page.shows("#log", "first");
        await page.press(Key.end, "!", Key.enter);
        await page.shows("#log", "second!");
        assertEquals(await browser.takeErrors(), []);
      },
    );

    await step("the session survives a restart of the server", async () => {
      const readShifts = await watchShifts(page);
      await page.type("#text", "a draft");
      await example.stop();
      await page.shows("#banner", "Reconnecting");
      assertEquals(await readShifts(), "");
      assertEquals(await inspect(page, "auth-lost"), []);

      // The looks of inspect() have moved everything.
      const readLaterShifts = await watchShifts(page);
      example = await Example.start(MAIN, { ...options, port: example.port });
      await page.shows("#banner", "You are back online");
      await page.press(Key.end, Key.enter);
      await page.until(() =>
        document.getElementById("log")!.innerText.includes("a draft")
      );
      assertEquals(await readLaterShifts(), "");
      await page.reload();
      await page.shows("#me", "Ann");
    });

    await step("members have left while they are on another page", async () => {
      const other = await browser.open(example.url, NARROW);
      await other.shows("#me", "Ann");
      await page.shows("#log", "Ann is here");
      await other.navigate("about:blank");
      await page.shows("#log", "Ann has left");
      await other.back();
      await other.shows("#me", "Ann");
      await page.until(() =>
        document.querySelector("#log")!.textContent!.endsWith("Ann is here")
      );
      await other.navigate("about:blank");
    });

    await step("signing out ends the session, in every window", async () => {
      const other = await browser.open(example.url, NARROW);
      await other.shows("#me", "Ann");
      await page.click("#logout button");
      await page.shows("#welcome", "Members only");
      await other.shows("#error", "You have signed out");
      await page.reload();
      await page.shows("#welcome", "Members only");
    });
  },
});
