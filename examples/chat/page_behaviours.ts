/// <reference lib="dom" />
/** What the page of the chat does on every platform. @module */

import { assert, assertEquals } from "@std/assert";
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
import type { Start } from "../_shared/example.ts";

async function join(page: Page, name: string): Promise<void> {
  await page.type("#name", name + Key.enter);
  await page.until(() => document.activeElement?.id === "text");
}

/** Waits until these are the messages of a page: author, text and status. */
async function showsLog(page: Page, ...lines: string[]): Promise<void> {
  await page.until(
    (expected) =>
      [...document.querySelectorAll("#log > li")].map((entry) =>
        ["bdi", ".text", ".status"]
          .map((part) => entry.querySelector(part)!.textContent)
          .join("|")
      ).join("\n") === expected,
    lines.join("\n"),
  );
}

function valueOf(page: Page, selector: string): Promise<string> {
  return page.run(
    (selector) => document.querySelector<HTMLInputElement>(selector)!.value,
    selector,
  );
}

async function tryPage(t: Deno.TestContext, start: Start): Promise<void> {
  const step = stepInOrder(t);
  await using browser = await Browser.launch();
  let example = await start();
  await using _end = {
    [Symbol.asyncDispose]: async () => void await example.stop(),
  };
  const ann = await browser.open(example.url);
  const bob = await browser.open(example.url, NARROW);

  const said = ["Ann|hello <img src=x onerror=alert(1)>|", "Bob|hi|"];

  await step("nothing keeps people from using it", async () => {
    assertEquals(await inspect(ann, "chat-welcome"), []);
  });

  await step("two people talk, and see each other typing", async () => {
    // Delays are as long as they can be, so that there is something to count.
    await ann.run(() => void (Math.random = () => 0.999));
    await join(ann, "Ann");
    await ann.shows("#empty", "Nothing has been said here yet");
    assertEquals(await inspect(ann, "chat-empty"), []);
    await join(bob, "Bob");
    await ann.shows("#people", "Bob");
    await ann.type("#text", "hello <img src=x onerror=alert(1)>" + Key.enter);
    await bob.shows("#log", "hello <img");
    await bob.type("#text", "hi");
    await ann.shows("#typing", "Bob is typing…");
    await bob.type("#text", Key.enter);
    await ann.shows("#log", "hi");
    await ann.shows("#typing", "");
    await showsLog(ann, ...said);
    await showsLog(bob, ...said);
  });

  await step(
    "messages do not move when there is something to scroll",
    async () => {
      const measure = () =>
        ann.run(() => {
          const { clientWidth, scrollHeight, clientHeight } = document
            .getElementById("panel")!;
          return { clientWidth, scrolls: scrollHeight > clientHeight };
        });
      const { size } = ann;
      const { clientWidth } = await measure();
      await ann.resize({ width: size.width, height: 300 });
      assertEquals(await measure(), { clientWidth, scrolls: true });
      await ann.resize(size);
    },
  );

  await step("messages do not move when their status changes", async () => {
    const places = await bob.run(() => {
      const meta = document.querySelector<HTMLElement>("#log .own .meta")!;
      const status = meta.querySelector(".status")!;
      const clock = meta.querySelector("time")!;
      return ["Queued", "Sending…", ""].map((text) => {
        status.textContent = text;
        return `${meta.offsetWidth} ${clock.getBoundingClientRect().left}`;
      });
    });
    assertEquals(new Set(places).size, 1);
  });

  await step("links are links, if they lead to the web", async () => {
    const text = "see (https://example.com/a?b=c), javascript:alert(1), " +
      `http://x.org"onclick="alert(1)`;
    await ann.type("#text", text + Key.enter);
    await bob.shows("#log", "javascript:");
    const links = await bob.run(() =>
      [...document.querySelectorAll<HTMLAnchorElement>("#log a")].map((
        { href, rel, target, attributes },
      ) => [href, rel, target, attributes.length])
    );
    const attributes = ["noopener noreferrer nofollow", "_blank", 4];
    assertEquals(links, [
      ["https://example.com/a?b=c", ...attributes],
      ["http://x.org/", ...attributes],
    ]);
    said.push(`Ann|${text}|`);
    await showsLog(bob, ...said);
  });

  await step("a message without an answer is sent again", async () => {
    const dan = await browser.open("about:blank");
    // Its clock is fast, so that the time limit of an ask is half a second.
    await dan.command("Page.addScriptToEvaluateOnNewDocument", {
      source: `
        const wait = globalThis.setTimeout;
        globalThis.setTimeout = (run, delay) => wait(run, delay / 20);
        const now = performance.now.bind(performance);
        performance.now = () => now() * 20;
        const begin = Date.now();
        Date.now = () => Math.round(begin + performance.now());`,
    });
    await dan.navigate(example.url);
    await join(dan, "Dan");
    await dan.run(() => {
      const { send } = WebSocket.prototype;
      WebSocket.prototype.send = function (frame) {
        if (!String(frame).includes("lost once")) send.call(this, frame);
        else WebSocket.prototype.send = send;
      };
    });
    await dan.type("#text", "lost once" + Key.enter);
    said.push("Dan|lost once|");
    await showsLog(bob, ...said);
    await showsLog(dan, ...said);
    await dan.navigate("about:blank");
  });

  await step("a message that is refused can be changed", async () => {
    await ann.run(() => {
      const text = document.querySelector<HTMLTextAreaElement>("#text")!;
      text.value = "x".repeat(2_001);
      text.form!.requestSubmit();
    });
    await ann.shows("#notice", "A message must have 1 to 2000 characters");
    assertEquals((await valueOf(ann, "#text")).length, 2_001);
    await ann.run(() =>
      void (document.querySelector<HTMLTextAreaElement>("#text")!.value = "")
    );
    await ann.type("#new-room", "  " + Key.enter);
    await ann.type("#text", "all is well" + Key.enter);
    said.push("Ann|all is well|");
    await showsLog(ann, ...said);
    await ann.shows("#notice", "");
  });

  await step("each room keeps its draft", async () => {
    await ann.type("#text", "for the lobby");
    await ann.type("#new-room", "garden" + Key.enter);
    await ann.shows("#title", "garden");
    await ann.shows("#empty", "Nothing has been said here yet");
    await ann.type("#text", "for the garden");
    await ann.click("button[aria-label=lobby]");
    await ann.shows("#title", "lobby");
    assertEquals(await valueOf(ann, "#text"), "for the lobby");
    await ann.click("button[aria-label=garden]");
    await ann.shows("#title", "garden");
    assertEquals(await valueOf(ann, "#text"), "for the garden");
  });

  await step("what is not seen is counted", async () => {
    await bob.type("#text", "where are you?" + Key.enter);
    said.push("Bob|where are you?|");
    await ann.shows("#rooms .badge:not(:empty)", "1");
    await ann.until(() => document.title === "(1) garden · Chat");
    assertEquals(await inspect(ann, "chat-unread"), []);
  });

  await step("a reload keeps name, room, messages and drafts", async () => {
    await ann.reload();
    await ann.run(() => void (Math.random = () => 0.999));
    await ann.shows("#rename", "Ann");
    await ann.shows("#title", "garden");
    await ann.shows("#count", "Only you are here");
    assertEquals(await valueOf(ann, "#text"), "for the garden");
    await ann.click("button[aria-label^=lobby]");
    await showsLog(ann, ...said);
    assertEquals(await valueOf(ann, "#text"), "for the lobby");
  });

  await step("people are not here while they are on another page", async () => {
    await bob.navigate("about:blank");
    await ann.shows("#count", "Only you are here");
    await bob.back();
    await ann.shows("#count", "2 people");
    // The driver may still hold the page that the browser had kept.
    await bob.reload();
    await showsLog(bob, ...said);
  });

  await step("a name is taken once", async () => {
    const cy = await browser.open(example.url);
    await cy.type("#name", "ANN" + Key.enter);
    await cy.shows("#name-error", 'The name "ANN" is taken');
  });

  await step(
    "a lost connection queues, counts and comes back",
    async () => {
      const readShifts = await watchShifts(ann);
      const { port } = example;
      await example.stop("SIGKILL");
      await ann.shows("#banner", "Reconnecting in");
      // Each wait counts down to this, the first one and those that follow.
      await ann.shows("#banner", "Reconnecting in 1 s");
      await ann.shows("#count", "Offline");
      await ann.type("#text", Key.end + "?" + Key.enter);
      await showsLog(ann, ...said, "Ann|for the lobby?|Queued");
      await bob.type("#text", "Are you there?" + Key.enter);
      await showsLog(bob, ...said, "Bob|Are you there?|Queued");
      assertEquals(await readShifts(), "");
      assertEquals(await inspect(ann, "chat-lost"), []);

      // The looks of inspect() have moved everything.
      const readLaterShifts = await watchShifts(ann);
      example = await start({ port });
      await ann.run(() =>
        document.querySelector<HTMLElement>("#banner button")!.click()
      );
      await ann.shows("#banner", "You are back online");
      said.push("Ann|for the lobby?|");
      // Bob may be back by himself, so what he has written may be there too.
      await ann.until(() => !document.querySelector("#log .pending"));
      // What is queued survives a reload; the new server knows nothing else.
      await bob.reload();
      const last = ["Ann|for the lobby?|", "Bob|Are you there?|"];
      await showsLog(bob, ...last);
      await showsLog(ann, ...said, "Bob|Are you there?|");
      await ann.until(() => document.getElementById("banner")!.hidden);
      assertEquals(await readLaterShifts(), "");
    },
  );

  await step("everything can be done with the keyboard", async () => {
    await bob.reload();
    await bob.shows("#count", "2 people");
    const { tab, shift, enter, escape } = Key;
    // From the message to the menu in the header, which opens the rooms.
    await bob.until(() => document.activeElement?.id === "text");
    await bob.press(shift, tab, shift, tab, enter);
    await bob.shows("#side", "People here");
    assertEquals(await inspect(bob, "chat-menu"), []);
    await bob.press(escape);
    await bob.until(() => document.activeElement?.id === "menu");
    await bob.press(enter, tab, tab, ..."attic", enter);
    await bob.shows("#title", "attic");
    await bob.press(..."anyone?", enter);
    await showsLog(bob, "Bob|anyone?|");
  });

  await step("a name can be changed", async () => {
    await bob.click("#menu");
    await bob.click("#rename");
    await bob.shows("#welcome", "Change your name");
    await bob.press(..."Ann", Key.enter);
    await bob.shows("#name-error", 'The name "Ann" is taken');
    await bob.press(Key.end, ..."e", Key.enter);
    await bob.shows("#title", "attic");
    await bob.until(() => document.activeElement?.id === "text");
    await ann.shows("#people", "Anne");
    await bob.type("#text", "It is me." + Key.enter);
    await showsLog(bob, "Bob|anyone?|", "Anne|It is me.|");
  });

  await step("a room can be left, but not the lobby", async () => {
    await bob.click("#leave");
    await bob.shows("#title", "lobby");
    assert(await bob.run(() => document.getElementById("leave")!.hidden));
    const rooms = () => bob.text("#rooms");
    await bob.click("#menu");
    assert(!(await rooms()).includes("attic"));
  });

  await step(
    "a name that was lost meanwhile is asked for again",
    async () => {
      const { port } = example;
      // Its page is held back until the name is gone.
      await ann.run(() => {
        const { WebSocket } = globalThis;
        const restore = () => Object.assign(globalThis, { WebSocket });
        addEventListener("restore", restore, { once: true });
        Object.assign(globalThis, {
          WebSocket: function () {
            throw new Error("The page is held back");
          },
        });
      });
      await example.stop("SIGKILL");
      await ann.shows("#banner", "Reconnecting in");
      example = await start({ port });
      const thief = await dial(new URL("/websocket_endpoint", example.url), {
        chat: {},
      });
      await thief.connect("chat", { body: { key: "x", name: "Ann" } });
      // It may be hidden, since the page has just tried by itself.
      await ann.run(() => {
        dispatchEvent(new Event("restore"));
        document.querySelector<HTMLElement>("#banner button")!.click();
      });
      await ann.shows("#name-error", "Someone else took your name.");
      await ann.press(..."Annie", Key.enter);
      await ann.shows("#people", "Annie");
      await ann.type("#text", "hello again" + Key.enter);
      await ann.until(() => !document.querySelector(".pending"));
      await thief.close();
      assertEquals(await browser.takeErrors(), []);
    },
  );
}

/**
 * Registers the test of the page of a chat.
 *
 * @param chat The name of the chat.
 * @param start Starts it; `undefined` where it cannot run.
 * @param options Those of `lacksBrowser()`.
 */
export function testPage(
  chat: string,
  start: Start | undefined,
  options?: { readonly isLong: boolean },
): void {
  const name = `the page of ${chat}`;
  Deno.test({
    name,
    ignore: start === undefined || lacksBrowser(name, options),
    fn: (t) => tryPage(t, start!),
  });
}
