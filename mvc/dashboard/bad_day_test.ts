/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { inspect } from "../../tools/browser/inspect.ts";
import { Browser, lacksBrowser } from "../../tools/browser/mod.ts";
import { stepInOrder } from "../../tools/browser/steps.ts";
import { serverSentEvents } from "../http/server_sent_events.ts";
import type { ConnectionDetail, Point, Snapshot } from "./data.ts";
import { FILES } from "./page_bundle.ts";

const NAME = "the page of the dashboard on a bad day";

/** The longest ID, which is one word. */
const LONG = "i".repeat(1_024);

const HOUR = 3_600_000;

const POINT: Point = {
  time: 0,
  connections: 0,
  rooms: 1,
  namespaces: 1,
  queued: 0,
  pending: 0,
  slow: 2,
  messagesIn: 1,
  messagesOut: 1,
  bytesIn: 1,
  bytesOut: 1,
  errors: 0,
  delay: 0,
};

const CONNECTION: ConnectionDetail = {
  id: LONG,
  address: "x".repeat(64),
  since: 0,
  namespaces: [{ name: "", rooms: ["r".repeat(256)] }],
  received: 1,
  queued: 0,
  pending: 0,
  unsentBytes: 2_000_000,
  unsentMessages: 8,
  isSlow: true,
};

/** A server of the page, which answers with what a test says. */
class OddServer implements AsyncDisposable {
  readonly #listener: Deno.HttpServer<Deno.NetAddr>;
  readonly #start = Date.now();
  #samples = 0;
  /** What its clock is ahead. */
  skew = 0;
  isSignedOut = false;

  constructor() {
    this.#listener = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => this.#answer(new URL(request.url).pathname.slice(1)),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}/`;
  }

  async #answer(name: string): Promise<Response> {
    const { id, namespaces, ...row } = CONNECTION;
    const since = this.#start + this.skew;
    switch (name) {
      case "events":
        return this.isSignedOut
          ? Response.redirect(`${this.url}login`)
          : await serverSentEvents(this.#look());
      case "explain":
        return new Response(null, { status: 204 });
      case "connection": {
        const received = this.#samples;
        const rows = [{ ...CONNECTION, since, received }];
        return Response.json({ count: 1, rows });
      }
      case "connections": {
        const names = namespaces.map(({ name }) => name);
        const rows = [{ ...row, id, since, namespaces: names, rooms: 1 }];
        return Response.json({ count: 1, rows, offset: 0, size: 25 });
      }
    }
    const file = FILES[name || "index.html"];
    if (file === undefined) return new Response("Sign in");
    return new Response(file.text, { headers: { "content-type": file.type } });
  }

  get #time(): number {
    return Date.now() + this.skew;
  }

  async *#look() {
    yield { event: "points", data: [] };
    while (!this.isSignedOut) {
      yield { event: "sample", data: this.#makeSample() };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #makeSample(): Snapshot {
    const names = ["ann", "bob"].map((id) => ({
      ...CONNECTION,
      id,
      namespaces: [],
      rooms: 0,
    }));
    // The slowest first, and each time it is another one.
    if (++this.#samples % 2 === 0) names.reverse();
    const none = { count: 0, rows: [] };
    return {
      point: { ...POINT, time: this.#time, connections: this.#samples },
      period: 1_000,
      startTime: 0,
      accepted: 1,
      errors: 1,
      handlers: none,
      counters: [],
      slow: { count: 2, rows: names },
      faults: {
        count: 1,
        rows: [{
          namespace: "",
          event: "e".repeat(256),
          error: "E".repeat(256),
          count: 1,
          last: this.#time - 2_500,
        }],
      },
      namespaces: none,
      rooms: none,
      cluster: null,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isSignedOut = true;
    await this.#listener.shutdown();
  }
}

Deno.test({
  name: NAME,
  ignore: lacksBrowser(NAME, { isLong: true }),
  async fn(t) {
    await using browser = await Browser.launch();
    await using server = new OddServer();
    const step = stepInOrder(t);
    const page = await browser.open(server.url);
    /** Waits for more samples. */
    const look = async () => {
      const before = await page.text(".tile .value");
      await page.until(
        (before) =>
          Number(document.querySelector(".tile .value")!.textContent) >
            Number(before) + 4,
        before.replace(",", ""),
      );
    };

    await step("has room for the longest names", async () => {
      await page.shows("#connections tbody", LONG);
      assertEquals(
        await page.text("#connections td:nth-child(3)"),
        "(no name)",
      );
      assertEquals(await inspect(page, "bad-day"), []);
      const height = await page.run(() =>
        document.querySelector<HTMLElement>("#connections .open")!.offsetHeight
      );
      assert(height < 100, `${height}`);
    });

    await step("keeps the focus on a row that moves", async () => {
      await page.run(() =>
        document.querySelector<HTMLElement>("#slow [data-opens=bob]")!.focus()
      );
      await look();
      assertEquals(
        await page.run(() =>
          (document.activeElement as HTMLElement).dataset["opens"]
        ),
        "bob",
      );
    });

    await step("keeps what is read or selected of a connection", async () => {
      await page.click("#connections .open");
      await page.shows("#detail-list", "Connected for");
      const read = () => getSelection()!.toString();
      await page.run(() =>
        getSelection()!.selectAllChildren(
          document.querySelector("#detail dd")!,
        )
      );
      const before = await page.text("#detail-list");
      await page.until(
        (before) =>
          document.querySelector<HTMLElement>("#detail-list")!.innerText !==
            before,
        before,
      );
      assertEquals(await page.run(read), CONNECTION.address);
      assertEquals(await inspect(page, "bad-day-detail"), []);
      await page.click("#close");
    });

    await step("takes the time from the server", async () => {
      server.skew = HOUR;
      await look();
      assertEquals(await page.text("#faults td:nth-child(3)"), "2 s ago");
      await page.until(() =>
        /^(\d+ min )?\d+ s$/.test(
          document.querySelector("#connections td:last-child")!.textContent!,
        )
      );
    });

    await step("draws no future when the clock is set back", async () => {
      server.skew = 0;
      await look();
      const widths = await page.run(() =>
        [...document.querySelectorAll<SVGGraphicsElement>(".chart .line")]
          .map((line) => line.getBBox()).map(({ x, width }) => x + width)
      );
      assertEquals(widths.every((right) => right <= 600), true, `${widths}`);
    });

    await step("says that one is signed out, by a redirect too", async () => {
      server.isSignedOut = true;
      await page.shows("#status", "Signed out");
    });
  },
});
