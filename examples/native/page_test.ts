/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { inspect } from "../../tools/browser/inspect.ts";
import { Browser, Key, lacksBrowser } from "../../tools/browser/mod.ts";
import { stepInOrder } from "../../tools/browser/steps.ts";
import { Example } from "../_shared/example.ts";

const MAIN = new URL("main.ts", import.meta.url);
const NAME = "the page of the sensors";

/** Sends a message by a WebSocket that knows no protocol, and reads the next. */
async function exchange(url: string, message: string): Promise<unknown> {
  const socket = new WebSocket(`${url.replace("http", "ws")}sensors`);
  const answer = Promise.withResolvers<MessageEvent>();
  socket.onopen = () => socket.send(message);
  socket.onmessage = answer.resolve;
  socket.onerror = answer.reject;
  const { data } = await answer.promise;
  const { promise: closed, resolve } = Promise.withResolvers<unknown>();
  socket.onclose = resolve;
  socket.close();
  await closed;
  return JSON.parse(data);
}

Deno.test("any WebSocket client talks to the sensors", async () => {
  await using example = await Example.start(MAIN);
  const reading = { sensor: "kitchen", value: 21.5 };
  const { time, ...answer } = Object(
    await exchange(example.url, JSON.stringify(reading)),
  );
  assertEquals(answer, reading);
  const error = 'Send JSON such as {"sensor": "kitchen", "value": 21.5}';
  for (const message of ["hello", "null", '{"sensor":"<b>","value":1}']) {
    assertEquals(await exchange(example.url, message), { error });
  }
  const readings = await (await fetch(`${example.url}readings`)).json();
  assertEquals(readings, [{ ...reading, time }]);
});

Deno.test({
  name: NAME,
  ignore: lacksBrowser(NAME),
  async fn(t) {
    const step = stepInOrder(t);
    await using browser = await Browser.launch();
    let example = await Example.start(MAIN);
    await using _end = {
      [Symbol.asyncDispose]: async () => void await example.stop(),
    };
    const page = await browser.open(example.url);
    const other = await browser.open(example.url);

    await step("it says so as long as there is nothing", async () => {
      await page.shows("#empty", "No sensor has said anything yet.");
      assertEquals(await inspect(page, "native-empty"), []);
    });

    await step("readings of all clients are shown on all pages", async () => {
      for (const value of [20, 23.5, 21]) {
        await exchange(
          example.url,
          JSON.stringify({ sensor: "kitchen", value }),
        );
      }
      await page.shows("#sensors", "21");
      await page.type("#value", Key.enter);
      await other.shows("#sensors", "window");
      assertEquals(await inspect(page, "native"), []);
      assertEquals(await browser.takeErrors(), []);
    });

    await step("the page comes back after a loss", async () => {
      await example.stop();
      await page.shows("#banner", "Reconnecting");
      example = await Example.start(MAIN, { port: example.port });
      await page.shows("#banner", "You are back online");
      await page.shows("#empty", "No sensor has said anything yet.");
    });
  },
});
