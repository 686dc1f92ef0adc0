import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type Client, dial, type Message } from "@neffos/mvc";
import { Example } from "../_shared/example.ts";
import type { Chat } from "../chat/history.ts";
import type { ClusterView } from "./cluster_controller.ts";

const MAIN = new URL("main.ts", import.meta.url);
/** What it needs where Redis does not answer. */
const PERMISSIONS = [
  "--allow-net=127.0.0.1",
  "--allow-read",
  "--allow-env=PORT,HOST,REDIS_URL",
];

/** A page of the cluster, without the page. */
class User implements AsyncDisposable {
  view: ClusterView | undefined;
  /** Whether it has lost its connection and is in all rooms again. */
  isBack = false;
  readonly heard: string[] = [];
  #client!: Client;
  #change = Promise.withResolvers<void>();

  static async enter({ url }: Example, name: string): Promise<User> {
    const user = new User();
    const client = user.#client = await dial(
      new URL("/websocket_endpoint", url),
      {
        chat: {
          onChat: (_nsConn, msg: Message) =>
            user.#note(() => user.heard.push((msg.json() as Chat).text)),
        },
        cluster: {
          onView: (_nsConn, msg: Message) =>
            user.#note(() => user.view = msg.json() as ClusterView),
        },
      },
      {
        reconnect: { initialDelay: 0 },
        onReconnect: () => user.#note(() => user.isBack = true),
      },
    );
    const chat = await client.connect("chat", { body: { key: name, name } });
    await chat.joinRoom("lobby");
    await client.connect("cluster");
    return user;
  }

  /** The process that serves it. */
  get process(): string | undefined {
    return this.view?.own;
  }

  async say(text: string): Promise<void> {
    const body = { id: crypto.randomUUID(), text };
    await this.#client.namespace("chat")!.room("lobby")!.ask("onChat", body);
  }

  kill(process: string): void {
    this.#client.namespace("cluster")!.emit("onKill", process);
  }

  /** Waits until something holds. */
  async until(isSo: () => unknown): Promise<void> {
    while (!isSo()) await this.#change.promise;
  }

  #note(change: () => void): void {
    change();
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  async [Symbol.asyncDispose]() {
    await this.#client.close();
  }
}

Deno.test("workers share the chat, and the people of one that is killed come back on another", async () => {
  await using example = await Example.start(MAIN, {
    env: { REDIS_URL: "redis://127.0.0.1:1" },
    permissions: PERMISSIONS,
  });
  await using ann = await User.enter(example, "Ann");
  await using bob = await User.enter(example, "Bob");
  const isSeen = ({ view }: User) => view?.guests.length === 2;
  await ann.until(() => isSeen(ann));
  await bob.until(() => isSeen(bob));
  const killed = bob.process!;
  assertNotEquals(ann.process, killed);
  await ann.say("hello");
  await bob.until(() => bob.heard.includes("hello"));

  ann.kill(killed);
  // One that does not run cannot be killed again.
  ann.kill(killed);
  const isRunning = ({ view }: User) =>
    view!.processes.every(({ isRunning }) => isRunning);
  await ann.until(() => !isRunning(ann));
  await bob.until(() => bob.isBack && bob.process !== killed);
  assert(bob.view!.processes.some(({ name }) => name === bob.process));
  await bob.say("still here");
  await ann.until(() => ann.heard.includes("still here"));
  await ann.until(() => isRunning(ann));
  await using cy = await User.enter(example, "Cy");
  await cy.until(() => cy.view);
  assertEquals(cy.process, killed);
});
