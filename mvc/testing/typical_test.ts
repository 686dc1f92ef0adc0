/** The kit as its users hold it: five tests as programs have them. */

import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  Application,
  Context,
  contextOf,
  denoUpgrader,
  DialError,
  EventError,
  type EventMiddleware,
  HttpError,
  type Message,
  NSConn,
  Router,
  Server,
  status,
  token,
  websocketHandler,
} from "../../mod.ts";
import { connectTest, request } from "./mod.ts";

// What a program has.

interface ChatEvents {
  onChat: { from: string; text: string };
  onTick: number;
  onConfirm(question: string): boolean;
}

const staffOnly: EventMiddleware = (nsConn, msg, next) => {
  if (msg.room === "staff" && contextOf(nsConn).header("x-role") !== "staff") {
    throw new EventError("staff only");
  }
  return next();
};

class ChatController {
  static readonly namespace = "chat";
  static readonly inject = [NSConn] as const;
  static readonly use = [staffOnly];
  constructor(readonly nsConn: NSConn<ChatEvents>) {}

  onSay(msg: Message<string>) {
    const body = { from: this.nsConn.id, text: msg.text() };
    const to = this.nsConn.room(msg.room) ?? this.nsConn;
    to.broadcastOthers("onChat", body);
    return body.text.length;
  }
  async onClear() {
    const answer = await this.nsConn.ask("onConfirm", "Clear it?");
    return answer.json() ? "cleared" : "kept";
  }
  onCountdown(msg: Message<number>) {
    let left = msg.json();
    const timer = setInterval(() => {
      this.nsConn.emit("onTick", --left);
      if (left === 0) clearInterval(timer);
    }, 1_000);
  }
}

interface Users {
  find(id: string): Promise<{ name: string } | undefined>;
  add(name: string): Promise<string>;
}
const Users = token<Users>("Users");

class UserController {
  static readonly inject = [Users, Context] as const;
  constructor(readonly users: Users, readonly ctx: Context) {}

  async getBy(id: string) {
    const user = await this.users.find(id);
    if (user === undefined) throw new HttpError(404, `There is no user ${id}`);
    return user;
  }
  async post() {
    const { name } = await this.ctx.readBody<{ name: string }>();
    return status(201, { id: await this.users.add(name) });
  }
}

/** What `main.ts` serves, in a function of its own. */
function makeApp() {
  const router = new Router();
  const app = new Application(router)
    .singleton(Users, [], (): Users => {
      throw new Error("a test has no database");
    });
  app.handleWebsocket(ChatController);
  app.party("/users").handle(UserController);
  const server = new Server(denoUpgrader(), app, {
    idGenerator: ({ headers }) => headers.get("x-user") ?? "nobody",
    origins: ["https://chat.example"],
  });
  router.get("/chat", websocketHandler(server));
  return app;
}

const ANN = { headers: { "x-user": "ann" } };
const BOB = { headers: { "x-user": "bob" } };

Deno.test("A message goes to everyone else, and in a room to its members alone", async () => {
  const app = makeApp();
  await using ann = await connectTest(app, ChatController, ANN);
  await using bob = await connectTest(app, ChatController, BOB);
  await using eve = await connectTest(app, ChatController);

  ann.emit("onSay", "hello");
  for (const other of [bob, eve]) {
    const message = await other.waitFor("onChat");
    assertEquals(message.json(), { from: "ann", text: "hello" });
  }
  await ann.expectNothing();

  await bob.joinRoom("lobby");
  const lobby = await ann.joinRoom("lobby");
  lobby.emit("onSay", "psst");
  assertEquals((await bob.waitFor("onChat")).room, "lobby");
  await eve.expectNothing("onChat");
});

Deno.test("Guards refuse pages of other origins, and guests in the room of the staff", async () => {
  const app = makeApp();
  await assertRejects(
    () => connectTest(app, ChatController, { origin: "https://evil.example" }),
    DialError,
    "the server answered 403",
  );
  const origin = "https://chat.example";
  await using guest = await connectTest(app, ChatController, { origin });
  await assertRejects(() => guest.joinRoom("staff"), EventError, "staff only");

  const headers = { "x-role": "staff" };
  await using staff = await connectTest(app, ChatController, { headers });
  await staff.joinRoom("staff");
});

Deno.test("An ask is answered, and may ask back first", async () => {
  const app = makeApp();
  await using ann = await connectTest(app, ChatController, {
    handlers: { onConfirm: (_nsConn, msg) => msg.text() === "Clear it?" },
  });
  assertEquals((await ann.ask("onSay", "four")).json(), 4);
  assertEquals((await ann.ask("onClear")).text(), "cleared");
  assertEquals(ann.received("onConfirm").length, 1);
});

Deno.test("A countdown counts each second", async () => {
  using time = new FakeTime();
  await using ann = await connectTest(makeApp(), ChatController);
  ann.emit("onCountdown", 3);
  await ann.expectNothing();
  for (const left of [2, 1, 0]) {
    await time.tickAsync(1_000);
    assertEquals((await ann.waitFor("onTick")).json(), left);
  }
  await time.tickAsync(1_000);
  await ann.expectNothing();
});

Deno.test("Users are found and added, in a database of the test's own", async () => {
  const names = ["Ann"];
  const app = makeApp().override(Users, {
    find: (id) => {
      const name = names[Number(id)];
      return Promise.resolve(name === undefined ? undefined : { name });
    },
    add: (name) => Promise.resolve(`${names.push(name) - 1}`),
  });
  const added = await request(app, "/users", { json: { name: "Bob" } });
  assertEquals([added.status, await added.json()], [201, { id: "1" }]);
  const found = await request(app, "/users/1");
  assertEquals(await found.json(), { name: "Bob" });
  const missing = await request(app, "/users/7");
  assertEquals([missing.status, await missing.text()], [
    404,
    "There is no user 7",
  ]);
});
