/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import {
  type Client,
  denoUpgrader,
  dial,
  memoryExchange,
  Server,
} from "../../neffos/mod.ts";
import { inspect } from "../../tools/browser/inspect.ts";
import {
  Browser,
  Key,
  lacksBrowser,
  NARROW,
  type Page,
} from "../../tools/browser/mod.ts";
import { stepInOrder } from "../../tools/browser/steps.ts";
import { Router } from "../router/router.ts";
import { websocketHandler } from "../websocket.ts";
import { dashboard } from "./dashboard.ts";

const NAME = "the page of the dashboard";

/** A name that a client may choose. */
const MARKUP = "<script>document.title='run'</script>";

/** A server with a dashboard, and another one in its cluster. */
class Stage implements AsyncDisposable {
  readonly #names = ["ann", "bob", MARKUP];
  readonly #clients: Client[] = [];
  readonly #servers = [this.#makeServer(), this.#makeServer()];
  readonly #router = new Router();
  #listener: Deno.HttpServer<Deno.NetAddr>;

  constructor(port = 0) {
    const [here, there] = this.#servers as [Server, Server];
    this.#router.any(
      "/ops/*",
      dashboard(here, {
        guard: (_ctx, next) => next(),
        explain: () => `<b>${this.#router.explain()}`,
      }),
    );
    this.#router.get("/here", websocketHandler(here));
    this.#router.get("/there", websocketHandler(there));
    this.#listener = this.#listen(port);
  }

  #makeServer(): Server {
    return new Server(denoUpgrader(), {
      chat: {
        onSay: () => "said",
        onFail() {
          throw new RangeError("a secret");
        },
      },
    }, {
      onError() {},
      maxRooms: 1,
      idGenerator: ({ url }) => url.searchParams.get("id") ?? "nobody",
    });
  }

  #listen(port: number): Deno.HttpServer<Deno.NetAddr> {
    const options = { port, hostname: "127.0.0.1", onListen() {} };
    return Deno.serve(options, this.#router.handler);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}/ops`;
  }

  /** Connects a client with an ID, and lets it join a room. */
  async connect(id: string, path = "here", room = "lobby"): Promise<Client> {
    const url = new URL(`/${path}`, this.url);
    url.searchParams.set("id", id);
    const client = await dial(url, { chat: {} }, { reconnect: false });
    this.#clients.push(client);
    const chat = await client.connect("chat");
    await chat.joinRoom(room);
    return client;
  }

  async fill(): Promise<void> {
    const exchange = memoryExchange();
    for (const server of this.#servers) await server.useStackExchange(exchange);
    for (const name of this.#names) await this.connect(name, "here", MARKUP);
    for (let i = 0; i < 30; i++) await this.connect(`user-${i}`);
    await this.connect("zoe", "there");
    const chat = await this.#clients[0]!.connect("chat");
    await chat.ask("onFail").catch(() => {});
    await chat.joinRoom("one too many").catch(() => {});
  }

  /** Lets a handler be called. */
  async say(): Promise<void> {
    const chat = await this.#clients[1]!.connect("chat");
    await chat.ask("onSay");
  }

  /** Whether handlers are measured that were called: somebody looks. */
  get isMeasured(): boolean {
    return this.#servers[0]!.stats().handlers.length > 0;
  }

  /** Ends the listener, and all connections of pages with it. */
  async stop(): Promise<number> {
    const { port } = this.#listener.addr;
    await this.#servers[0]!.close();
    await this.#listener.shutdown();
    return port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server.close();
    await this.#listener.shutdown();
  }
}

/** What a table of the page shows, row by row. */
function readTable(page: Page, id: string): Promise<string[][]> {
  return page.run(
    (id) =>
      [...document.querySelectorAll<HTMLTableRowElement>(`#${id} tbody tr`)]
        .map((row) => [...row.cells].map((cell) => cell.innerText)),
    id,
  );
}

/** Lets the event loop turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

Deno.test({
  name: NAME,
  ignore: lacksBrowser(NAME),
  async fn(t) {
    await using browser = await Browser.launch();
    await using stage = new Stage();
    const step = stepInOrder(t);
    const page = await browser.open(stage.url);
    let port = 0;

    await step("shows a server to which nobody is connected", async () => {
      await page.shows("#status", "Live");
      assert((await page.run(() => location.href)).endsWith("/ops/"));
      await page.shows("#connections ~ .empty", "Nobody is connected.");
      await page.shows("#faults ~ .empty", "No handler has failed.");
      await page.shows("#cluster ~ .empty", "This server uses no exchange.");
      assertEquals(await inspect(page, "dashboard-empty"), []);
    });

    await step("shows what goes on, as it happens", async () => {
      await stage.fill();
      await stage.say();
      await page.until(() =>
        document.querySelector(".tile .value")?.textContent === "33"
      );
      await page.shows("#handlers tbody", "chat · onSay");
      await page.shows("#counters tbody", "Limit maxRooms");
      await page.shows("#faults tbody", "RangeError");
      await page.shows("#cluster tbody", "alive");
      await page.shows("#range", "1–25 of 33");
      assertEquals((await readTable(page, "rooms")).slice(0, 2), [
        ["chat", "all of it", "33"],
        ["chat", "lobby", "30"],
      ]);
      const text = await page.run(() => document.body.innerText);
      assert(!text.includes("a secret"));
    });

    await step("shows names and texts as text", async () => {
      await page.shows("#rooms tbody", MARKUP);
      await page.shows("#explain", "<b>ANY");
      await page.type("#text", MARKUP);
      await page.shows("#found", "3 matches");
      assertEquals((await readTable(page, "connections"))[0]![0], MARKUP);
      assertEquals(await page.run(() => document.title), "Dashboard");
    });

    await step("finds and turns by the keyboard", async () => {
      await page.run(() => {
        const text = document.querySelector<HTMLInputElement>("#text")!;
        text.value = "";
        text.form!.requestSubmit();
      });
      await page.shows("#range", "1–25 of 33");
      await page.type("#older", Key.enter);
      await page.shows("#range", "26–33 of 33");
      await page.type("#newer", Key.enter);
      await page.shows("#range", "1–25 of 33");
      assertEquals(await inspect(page, "dashboard"), []);
    });

    await step(
      "opens a connection, and disconnects it by the keyboard",
      async () => {
        await page.resize(NARROW);
        await page.type("#text", "ann");
        await page.shows("#found", "1 match");
        await page.type("#connections .open", Key.enter);
        await page.shows("#detail", "127.0.0.1");
        await page.shows("#detail .namespace", MARKUP);
        await page.press(Key.tab, Key.enter);
        await page.shows("#question", "Disconnect “ann” on every server?");
        // The safe answer has the focus.
        assertEquals(
          await page.run(() => document.activeElement?.id),
          "cancel",
        );
        assertEquals(await inspect(page, "dashboard-confirm"), []);
        await page.press(Key.shift, Key.tab, Key.enter);
        await page.shows("#outcome", "1 connection disconnected.");
        await page.shows("#detail-list", "Not connected to this server.");
        await page.press(Key.escape);
        await page.shows(
          "#connections ~ .empty",
          "Nothing here matches “ann”.",
        );
      },
    );

    await step("disconnects on another server of the cluster", async () => {
      await page.run(() => {
        document.querySelector<HTMLInputElement>("#text")!.value = "";
      });
      await page.type("#text", "zoe");
      await page.shows("#elsewhere", "Take “zoe” for an ID");
      await page.type("#elsewhere", Key.enter);
      await page.shows("#detail-list", "Not connected to this server.");
      await page.click("#ask");
      await page.click("#disconnect");
      await page.shows("#outcome", "1 connection disconnected.");
      await page.press(Key.escape);
    });

    await step("logs no fault", async () => {
      assertEquals(await browser.takeErrors(), []);
    });

    await step("does not look while it is hidden", async () => {
      const hide = (isHidden: boolean) =>
        page.run((value) => {
          Object.defineProperty(document, "hidden", {
            configurable: true,
            value,
          });
          document.dispatchEvent(new Event("visibilitychange"));
        }, isHidden);
      await hide(true);
      while (stage.isMeasured) await turn();
      await stage.say();
      await hide(false);
      do {
        await stage.say();
        await turn();
      } while (!stage.isMeasured);
    });

    await step("says that it is stale once the server has gone", async () => {
      port = await stage.stop();
      await page.shows("#status", "Stale");
      await page.shows("#uptime", "last update");
      assertEquals(await page.run(() => document.title), "Stale: Dashboard");
      assertEquals(await inspect(page, "dashboard-stale"), []);
    });

    await step("comes back by itself", async () => {
      await using _again = new Stage(port);
      await page.shows("#status", "Live");
      await page.shows("#uptime", "up");
      await page.shows("#found", "0 matches");
    });
  },
});
