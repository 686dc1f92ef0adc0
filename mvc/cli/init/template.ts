/**
 * Makes the files of a new project, by their paths.
 *
 * @param version The version of this module, which the project uses.
 * @returns The texts.
 */
export function makeFiles(version: string): ReadonlyMap<string, string> {
  return new Map([
    ["deno.json", writeConfig(version)],
    ["main.ts", MAIN],
    ["chat_controller.ts", CONTROLLER],
    ["history.ts", SERVICE],
    ["chat_controller_test.ts", TEST],
    ["page/index.html", PAGE],
  ]);
}

function writeConfig(version: string): string {
  const run = "--allow-net --allow-read=page main.ts";
  const config = {
    tasks: {
      start: `deno run ${run}`,
      dev: `deno run --watch ${run}`,
      check: "deno check . && deno lint && deno fmt --check",
      test: "deno test --allow-read=page",
    },
    imports: {
      "@neffos/mvc": `jsr:@neffos/mvc@^${version}`,
      "@std/assert": "jsr:@std/assert@^1",
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

const MAIN = `import {
  Application,
  clientScript,
  denoUpgrader,
  Router,
  Server,
  websocketHandler,
} from "@neffos/mvc";
import { ChatController } from "./chat_controller.ts";
import { History } from "./history.ts";

/** Makes the application; each test has its own. */
export function makeApp(router = new Router()) {
  const app = new Application(router.party("/chat")).singleton(History);
  app.handleWebsocket(ChatController);

  const server = new Server(denoUpgrader(), app);
  app.router.get("/", websocketHandler(server));
  router.get("/neffos.js", clientScript()); // the client, for the page
  router.handleDir("/", new URL("page/", import.meta.url));
  return app;
}

if (import.meta.main) {
  const router = new Router();
  makeApp(router);
  router.listen({ port: 8080 });
}
`;

const CONTROLLER =
  `import { EventError, type Message, NSConn } from "@neffos/mvc";
import { History } from "./history.ts";

/** What the server sends. */
export interface ChatEvents {
  onChat: string;
}

/** The namespace "chat": its on… methods handle the events of a connection. */
export class ChatController {
  static readonly namespace = "chat";
  static readonly inject = [NSConn, History] as const; // checked against the constructor
  constructor(
    readonly nsConn: NSConn<ChatEvents>,
    readonly history: History,
  ) {}

  onNamespaceConnected() {
    for (const line of this.history.lines) this.nsConn.emit("onChat", line);
  }

  onSay(msg: Message<string>) {
    const line = msg.text().trim();
    if (line === "") throw new EventError("say something"); // the client gets it
    this.history.add(line);
    this.nsConn.broadcast("onChat", line); // to everyone
  }

  onCount() {
    return this.history.lines.length; // the answer of an ask
  }
}
`;

const SERVICE =
  `/** A service, created on first use and shared by all connections. */
export class History {
  #lines: string[] = [];

  get lines(): readonly string[] {
    return this.#lines;
  }

  add(line: string): void {
    this.#lines = [...this.#lines, line].slice(-20);
  }
}
`;

const TEST = `import { EventError } from "@neffos/mvc";
import { connectTest } from "@neffos/mvc/testing";
import { assertEquals, assertRejects } from "@std/assert";
import { ChatController } from "./chat_controller.ts";
import { makeApp } from "./main.ts";

Deno.test("A line goes to everyone, also to those who come later", async () => {
  await using app = makeApp();
  await using ann = await connectTest(app, ChatController);
  await using bob = await connectTest(app, ChatController);

  await ann.ask("onSay", "hello");

  assertEquals((await ann.waitFor("onChat")).text(), "hello");
  assertEquals((await bob.waitFor("onChat")).text(), "hello");
  await using eve = await connectTest(app, ChatController);
  assertEquals((await eve.waitFor("onChat")).text(), "hello");
  assertEquals((await eve.ask("onCount")).json(), 1);
});

Deno.test("An empty line is refused", async () => {
  await using app = makeApp();
  await using ann = await connectTest(app, ChatController);

  await assertRejects(() => ann.ask("onSay", " "), EventError, "something");
  await ann.expectNothing();
});
`;

const PAGE = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Chat</title>
    <style>
    :root {
      color-scheme: light dark;
      font: 1rem/1.5 system-ui;
    }
    body {
      max-width: 40rem;
      margin: 2rem auto;
      padding: 0 1rem;
    }
    form {
      display: flex;
      gap: 0.5rem;
    }
    input {
      flex: 1;
      font: inherit;
    }
    button {
      font: inherit;
    }
    </style>
  </head>
  <body>
    <h1>Chat</h1>
    <ul aria-live="polite"></ul>
    <form>
      <input name="line" aria-label="Your line" autocomplete="off" autofocus>
      <button>Say</button>
    </form>
    <p role="status">Connecting…</p>
    <script type="module">
    import { dial } from "/neffos.js";

    const form = document.querySelector("form");
    const status = document.querySelector("p");
    const list = document.querySelector("ul");
    const client = await dial("/chat", {
      chat: {
        onChat(_nsConn, msg) {
          const item = document.createElement("li");
          item.textContent = msg.text();
          list.append(item);
        },
      },
    }, {
      reconnect: true,
      onClose: () => status.textContent = "Connection lost…",
      onReconnect() {
        list.replaceChildren(); // the server sends its history again
        status.textContent = "";
      },
    });
    const chat = await client.connect("chat");
    status.textContent = "";

    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        await chat.ask("onSay", form.line.value);
        form.reset();
        status.textContent = "";
      } catch (error) {
        status.textContent = error.message;
      }
    };
    </script>
  </body>
</html>
`;
