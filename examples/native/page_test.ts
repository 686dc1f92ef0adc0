/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { inspect } from "../../tools/browser/inspect.ts";
import { Browser, Key, lacksBrowser } from "../../tools/browser/mod.ts";
import { stepInOrder } from "../../tools/browser/steps.ts";
import { Example } from "../_shared/example.ts";

const MAIN = new URL("main.ts", import.meta.url);
const NAME = "the page of the sensors";

/** The list of the page, which has an ID. */
declare const sensors: HTMLElement;

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

Deno.test("a client that floods the sensors is disconnected", async () => {
  await using example = await Example.start(MAIN);
  const socket = new WebSocket(`${example.url.replace("http", "ws")}sensors`);
  const end = Promise.withResolvers<void>();
  let answers = 0;
  socket.onmessage = () => {
    if (++answers === 2_000) socket.close();
  };
  // The socket may be reset, so there is no code to see.
  socket.onclose = () => end.resolve();
  socket.onopen = () => {
    for (let i = 0; i < 2_000; i++) socket.send("{}");
  };
  await end.promise;
  assert(answers < 2_000);
});

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

    await step("invented sensors do not fill the page", async () => {
      await other.run(() => {
        const url = document.querySelector("#address")!.textContent!;
        const socket = new WebSocket(url);
        socket.onopen = () => {
          for (let i = 0; i < 120; i++) {
            socket.send(JSON.stringify({ sensor: `invented ${i}`, value: i }));
          }
        };
      });
      await page.shows("#sensors", "invented 119");
      assertEquals(await page.run(() => sensors.children.length), 100);
    });

    await step(
      "the page comes back after a loss, and misses nothing",
      async () => {
        // Somebody else measures while the page reads what was before.
        await page.run(() => {
          const url = document.querySelector("#address")!.textContent!;
          const { fetch } = globalThis;
          globalThis.fetch = async (...args) => {
            const response = await fetch(...args);
            await new Promise<void>((resolve) => {
              const socket = new WebSocket(url);
              const reading = { sensor: "meanwhile", value: 1 };
              socket.onopen = () => socket.send(JSON.stringify(reading));
              socket.onmessage = () => {
                socket.close();
                resolve();
              };
            });
            return response;
          };
        });
        await example.stop();
        await page.shows("#banner", "Reconnecting");
        example = await Example.start(MAIN, { port: example.port });
        await page.shows("#banner", "You are back online");
        await page.shows("#sensors", "meanwhile");
        assertEquals(await page.run(() => sensors.children.length), 1);
      },
    );
  },
});
