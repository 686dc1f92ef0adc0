import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  Conn,
  denoUpgrader,
  dial,
  EventError,
  joinConnHandlers,
  type Message,
  NSConn,
  Server,
} from "../neffos/mod.ts";
import { Application } from "./application.ts";
import { DependencyError } from "./container/graph.ts";
import { token } from "./container/tokens.ts";
import { Context } from "./http/context.ts";
import { HttpError } from "./http/http_error.ts";
import { Router } from "./router/router.ts";
import { connectTest, request, type TestClient } from "./testing/mod.ts";
import { contextOf, websocketHandler } from "./websocket.ts";

interface Logger {
  log(text: string): void;
}

const Logger = token<Logger>("Logger");

Deno.test("Application: a controller is given its connection and its services", async () => {
  const lines: string[] = [];
  class ChatController {
    static readonly namespace = "default";
    static readonly inject = [NSConn, Conn, Context, Server, Logger] as const;
    readonly nsConn: NSConn;
    readonly conn: Conn;
    readonly context: Context;
    readonly server: Server;
    readonly logger: Logger;
    constructor(
      nsConn: NSConn,
      conn: Conn,
      context: Context,
      server: Server,
      logger: Logger,
    ) {
      this.nsConn = nsConn;
      this.conn = conn;
      this.context = context;
      this.server = server;
      this.logger = logger;
    }

    onWho(msg: Message) {
      this.logger.log(`${msg.event} ${this.nsConn.namespace}`);
      assertStrictEquals(this.conn, this.nsConn.conn);
      assertStrictEquals(this.server, this.nsConn.server);
      assertStrictEquals(this.context, contextOf(this.nsConn));
      assertStrictEquals(this.context, contextOf(this.conn));
      return this.context.header("x-name");
    }
  }
  const app = new Application(new Router())
    .register(Logger, { log: (text) => void lines.push(text) });
  app.handleWebsocket(ChatController);
  const headers = { "x-name": "kataras" };
  await using client = await connectTest(app, ChatController, { headers });
  assertEquals((await client.ask("onWho")).text(), "kataras");
  assertEquals(lines, ["onWho default"]);
});

Deno.test("Application: a controller that injects no connection is one shared object", async () => {
  let made = 0;
  class Shared {
    static readonly namespace = "shared";
    static readonly inject = [Logger, Server] as const;
    readonly server: Server;
    #count = 0;
    constructor(_logger: Logger, server: Server) {
      this.server = server;
      made++;
    }
    onCount(nsConn: NSConn, _msg: Message) {
      return `${nsConn.server === this.server} ${++this.#count}`;
    }
  }
  const app = new Application(new Router()).register(Logger, { log() {} });
  app.handleWebsocket(Shared);
  const connecting = [connectTest(app, Shared), connectTest(app, Shared)];
  await using first = await connecting[0]!;
  await using second = await connecting[1]!;
  assertEquals((await first.ask("onCount")).text(), "true 1");
  assertEquals((await second.ask("onCount")).text(), "true 2");
  assertEquals(made, 1);
});

Deno.test("Application: a shared controller that could not be built is tried again", async () => {
  let tries = 0;
  const Database = token<object>("Database");
  class Shared {
    static readonly namespace = "shared";
    static readonly inject = [Database] as const;
    constructor(_database: object) {}
    onHi() {
      return "hi";
    }
  }
  const app = new Application(new Router())
    .singleton(Database, [], async () => {
      await Promise.resolve();
      if (++tries === 1) throw new EventError("not yet");
      return {};
    });
  app.handleWebsocket(Shared);
  const connect = () => connectTest(app, Shared);
  await assertRejects(connect, EventError, "not yet");
  await using client = await connect();
  assertEquals((await client.ask("onHi")).text(), "hi");
});

Deno.test("Application: two controllers of a namespace share scoped services, and no instance", async () => {
  let computed = 0;
  const log: string[] = [];
  class Session implements AsyncDisposable {
    readonly id: string;
    constructor(conn: Conn) {
      this.id = `${conn.id} ${++computed}`;
    }
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
      log.push("session disposed");
    }
  }
  class First implements Disposable {
    static readonly namespace: string = "default";
    static readonly inject = [Session] as const;
    readonly session: Session;
    constructor(session: Session) {
      this.session = session;
    }
    onFirst() {
      return `${this.constructor.name} ${this.session.id}`;
    }
    onNamespaceDisconnect() {
      log.push(`${this.constructor.name} disconnect`);
    }
    [Symbol.dispose]() {
      log.push(`${this.constructor.name} disposed`);
    }
  }
  class Second {
    static readonly namespace = "default";
    static readonly inject = [Session] as const;
    readonly session: Session;
    constructor(session: Session) {
      this.session = session;
    }
    onSecond() {
      return `${this.constructor.name} ${this.session.id}`;
    }
  }
  class Third extends First {
    static override readonly namespace = "other";
  }
  const app = new Application(new Router())
    .scoped(Session, [Conn], (conn) => new Session(conn));
  app.handleWebsocket(First);
  app.handleWebsocket(Second);
  app.handleWebsocket(Third);
  const client = await connectTest(app, "default");
  const other = await client.connect("other");
  const text = async (ns: TestClient, event: string) =>
    (await ns.ask(event)).text();
  assertEquals(await text(client, "onFirst"), `First ${client.id} 1`);
  assertEquals(await text(client, "onSecond"), `Second ${client.id} 1`);
  assertEquals(await text(other, "onFirst"), `Third ${client.id} 2`);
  await client.nsConn.disconnect();
  await client.close();
  assertEquals(log, [
    "First disconnect",
    "First disposed",
    "session disposed",
    "Third disconnect",
    "Third disposed",
    "session disposed",
  ]);
});

Deno.test("Application: a dependency that fails refuses the namespace with its error", async () => {
  const log: string[] = [];
  const Database = token<{ readonly name: string }>("Database");
  class Opened implements Disposable {
    [Symbol.dispose]() {
      log.push("disposed");
    }
  }
  let reason: Error | undefined = new EventError("database is down");
  class Controller {
    static readonly namespace = "default";
    static readonly inject = [NSConn, Opened, Database] as const;
    constructor(_nsConn: NSConn, _opened: Opened, _db: { name: string }) {}
    onHi() {
      return "hi";
    }
  }
  const app = new Application(new Router())
    .scoped(Opened, [], () => new Opened())
    .scoped(Database, [], async () => {
      await Promise.resolve();
      if (reason !== undefined) throw reason;
      return { name: "db" };
    });
  app.handleWebsocket(Controller);
  const connect = () => connectTest(app, Controller);
  await assertRejects(connect, EventError, "database is down");
  assertEquals(log, ["disposed"]);
  reason = new Error("secret");
  const refusal = await assertRejects(connect, EventError, "internal error");
  assertStrictEquals(refusal.cause, reason);
  reason = undefined;
  await using client = await connect();
  assertEquals((await client.ask("onHi")).text(), "hi");
});

Deno.test("Application: one service refuses requests and connections with its text", async () => {
  const User = token<string>("User");
  class Controller {
    static readonly namespace = "members";
    static readonly inject = [User] as const;
    readonly user: string;
    constructor(user: string) {
      this.user = user;
    }
    getUser() {
      return this.user;
    }
    onUser() {
      return this.user;
    }
  }
  const app = new Application(new Router().party("/api"))
    .scoped(User, [Context], (context) => {
      const user = context.header("x-user");
      if (user === undefined) throw new HttpError(401, "sign in first");
      return user;
    })
    .handle(Controller);
  app.handleWebsocket(Controller);
  const refused = await request(app, "/api/user");
  assertEquals([refused.status, await refused.text()], [401, "sign in first"]);
  await assertRejects(
    () => connectTest(app, Controller),
    EventError,
    "sign in first",
  );
  const headers = { "x-user": "ann" };
  const response = await request(app, "/api/user", { headers });
  assertEquals(await response.text(), "ann");
  await using client = await connectTest(app, Controller, { headers });
  assertEquals((await client.ask("onUser")).text(), "ann");
});

Deno.test("Application.handleWebsocket() names a missing service, with the path to it", () => {
  const Database = token<object>("Database");
  class UserService {
    static readonly inject = [Database] as const;
    constructor(_db: object) {}
  }
  class Controller {
    static readonly inject = [NSConn, UserService] as const;
    constructor(_nsConn: NSConn, _users: UserService) {}
    onHi() {}
  }
  // As in JavaScript.
  const app = new Application(new Router()).scoped(UserService as never);
  assertThrows(
    () => app.handleWebsocket(Controller as never),
    DependencyError,
    "Controller -> UserService -> Database: not registered",
  );
  app.register(Database, {});
  app.handleWebsocket(Controller as never);
});

Deno.test("Application.handleWebsocket() refuses late calls", () => {
  class Controller {
    onHi() {}
  }
  const app = new Application(new Router());
  app.handleWebsocket(Controller);
  new Server(denoUpgrader(), app);
  assertThrows(
    () => app.handleWebsocket(new Controller()),
    TypeError,
    "Cannot handle Controller: a server was already made of this application",
  );
});

Deno.test("Application.party() inherits services, and may override them", async () => {
  const Name = token<string>("Name");
  class Controller {
    static readonly namespace = "default";
    static readonly inject = [Name] as const;
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
    onName() {
      return this.name;
    }
  }
  const parent = new Application(new Router()).register(Name, "parent");
  const inherits = parent.party("/inherits");
  inherits.handleWebsocket(Controller);
  const overrides = parent.party("/overrides").register(Name, "child");
  overrides.handleWebsocket(Controller);
  for (
    const [app, name] of [[inherits, "parent"], [overrides, "child"]] as const
  ) {
    await using client = await connectTest(app, Controller);
    assertEquals((await client.ask("onName")).text(), name);
  }
});

Deno.test("Applications may be joined into the handler of one server", async () => {
  class Chat {
    static readonly namespace = "chat";
    onHi() {
      return "chat";
    }
  }
  class Admin {
    static readonly namespace = "admin";
    onHi() {
      return "admin";
    }
  }
  const chat = new Application(new Router());
  chat.handleWebsocket(Chat);
  const admin = new Application(new Router());
  admin.handleWebsocket(new Admin());
  const server = new Server(denoUpgrader(), joinConnHandlers(chat, admin));
  await using client = await connectTest(server, Chat);
  assertEquals((await client.ask("onHi")).text(), "chat");
  const ofAdmin = await client.connect(Admin);
  assertEquals((await ofAdmin.ask("onHi")).text(), "admin");
});

Deno.test("Application reports a disposal that fails, and disposes of the other controllers", async () => {
  const log: string[] = [];
  const error = new Error("no space left");
  class First {
    static readonly namespace = "default";
    static readonly inject = [NSConn] as const;
    constructor(readonly nsConn: NSConn) {}
    onHi() {}
    [Symbol.dispose]() {
      log.push("first");
    }
  }
  class Second {
    static readonly namespace = "default";
    static readonly inject = [NSConn] as const;
    constructor(readonly nsConn: NSConn) {}
    onHo() {}
    [Symbol.dispose]() {
      throw error;
    }
  }
  const app = new Application(new Router());
  app.handleWebsocket(First);
  app.handleWebsocket(Second);
  const reports: unknown[] = [];
  const server = new Server(denoUpgrader(), app, {
    onError: (error, { conn, namespace, event }) => {
      reports.push([error, conn?.id, namespace, event]);
    },
  });
  await using client = await connectTest(server, First);
  await client.nsConn.disconnect();
  await client.expectNothing();
  assertEquals(log, ["first"]);
  assertEquals(reports, [[error, client.id, "default", "dispose"]]);
});

Deno.test("Application disposes its singletons", async () => {
  const log: string[] = [];
  class Pool implements AsyncDisposable {
    [Symbol.asyncDispose]() {
      log.push("disposed");
      return Promise.resolve();
    }
  }
  class Controller {
    static readonly namespace = "default";
    static readonly inject = [Pool] as const;
    constructor(_pool: Pool) {}
    onHi() {}
  }
  await using app = new Application(new Router()).singleton(Pool);
  app.handleWebsocket(Controller);
  {
    await using _client = await connectTest(app, Controller);
  }
  assertEquals(log, []);
  await app[Symbol.asyncDispose]();
  assertEquals(log, ["disposed"]);
});

Deno.test("websocketHandler() answers a plain request, and contextOf() refuses a foreign connection", async () => {
  const app = new Application(new Router().party("/ws"));
  app.handleWebsocket({ namespace: "default", onHi: () => "hi" });
  const own = new Server(denoUpgrader(), app);
  app.router.get("/", websocketHandler(own));
  const status = async (method: string) => {
    const response = await request(app, "/ws", { method });
    await response.body?.cancel();
    return [response.status, response.headers.get("allow")];
  };
  assertEquals(await status("HEAD"), [302, null]);
  assertEquals(await status("POST"), [405, "GET"]);
  assertEquals(await status("GET"), [426, null]);
  const server = new Server(denoUpgrader(), { onHi() {} });
  const response = await server.upgrade(new Request("http://x/"));
  assertEquals(response.status, 426);
  await using client = await connectTest(app, "default");
  const { nsConn } = client;
  assertThrows(() => contextOf(nsConn), TypeError, "Cannot get the Context");
});

/** Runs a chat program, talks to it, and returns its output. */
async function chatWith(program: URL): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--check", program.href],
    env: { DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0", NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let log = "";
  const address = Promise.withResolvers<string>();
  const reading = Promise.all(
    [process.stdout, process.stderr].map(async (stream) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        log += text;
        const [url] = log.match(/http:\/\/[\d.:]+/) ?? [];
        if (url !== undefined) address.resolve(url);
      }
      address.reject(new Error(`the program has ended: ${log}`));
    }),
  );
  const url = await address.promise;
  const received = Promise.withResolvers<string>();
  const handler = {
    default: {
      onChat: (_: NSConn, msg: Message) => received.resolve(msg.text()),
    },
  };
  const first = await dial(`${url}/websocket_endpoint`, handler);
  const second = await dial(`${url}/websocket_endpoint`, handler);
  const nsConn = await first.connect("default");
  await second.connect("default");
  nsConn.emit("onChat", "hello");
  assertEquals(await received.promise, "hello");
  await first.close();
  await second.close();
  process.kill();
  await process.status;
  await reading;
  assertStringIncludes(log, `${nsConn.id} is in default`);
  return log;
}

Deno.test("The seed's program works as printed", async () => {
  const log = await chatWith(new URL("testdata/seed.ts", import.meta.url));
  assertStringIncludes(log, "DEV ");
});

Deno.test("Application.party: a child has its parent's server, or its own", async () => {
  class Chat {
    onChat() {}
  }
  const app = new Application(new Router());
  const [first, second] = [app.party("/1"), app.party("/2")];
  app.handleWebsocket(Chat);
  second.handleWebsocket(Chat);
  const server = new Server(denoUpgrader(), app);
  const own = new Server(denoUpgrader(), second);
  assertStrictEquals(await first.container.compile(Server).create(), server);
  assertStrictEquals(await second.container.compile(Server).create(), own);
  await server.close();
  await own.close();
});

Deno.test("Application: a server is injected into shared services of parents, and never the wrong one", async () => {
  class Shared {
    static readonly inject = [Server] as const;
    readonly server: Server;
    constructor(server: Server) {
      this.server = server;
    }
  }
  class Controller {
    static readonly inject = [Shared] as const;
    readonly shared: Shared;
    constructor(shared: Shared) {
      this.shared = shared;
    }
    onIs(nsConn: NSConn) {
      return this.shared.server === nsConn.server;
    }
  }
  const app = new Application(new Router()).singleton(Shared);
  const first = app.party("/first");
  first.handleWebsocket(Controller);
  await using client = await connectTest(first, Controller);
  assertEquals((await client.ask("onIs")).json(), true);
  assertThrows(
    () => new Server(denoUpgrader(), first),
    TypeError,
    "Cannot make a second server of this application",
  );
  // Until the service is built, it is open which server it injects.
  const other = new Application(new Router()).singleton(Shared);
  const parties = ["/a", "/b"].map((path) => other.party(path));
  for (const party of parties) {
    party.handleWebsocket(Controller);
    new Server(denoUpgrader(), party);
  }
  const error = await assertRejects(
    () => connectTest(parties[0]!, Controller),
    EventError,
    "internal error",
  );
  assertStringIncludes(`${error.cause}`, "several servers");
});

Deno.test("Application handles several namespaces with one controller, each with instances of its own", async () => {
  const Log = token<string[]>("Log");
  const log: string[] = [];
  class ChatController {
    static readonly inject = [NSConn, Log] as const;
    constructor(readonly nsConn: NSConn, readonly log: string[]) {
      log.push(`made in ${nsConn.namespace}`);
    }
    onSay(msg: Message) {
      this.log.push(`${this.nsConn.namespace}: ${msg.text()}`);
    }
    onNamespaceDisconnect() {
      this.log.push(`left ${this.nsConn.namespace}`);
    }
  }
  const app = new Application(new Router()).register(Log, log);
  for (const name of ["chat", "lobby"]) {
    app.handleWebsocket(ChatController).setNamespace(name);
  }
  for (const namespace of ["chat", "lobby"]) {
    await using client = await connectTest(app, ChatController, { namespace });
    await client.ask("onSay", "hi");
  }
  assertEquals(
    log,
    ["chat", "lobby"].flatMap((name) => [
      `made in ${name}`,
      `${name}: hi`,
      `left ${name}`,
    ]),
  );
});

Deno.test("Application refuses a controller twice in one namespace, and settings that come late", () => {
  class ChatController {
    onNamespaceConnected() {}
  }
  const app = new Application(new Router());
  app.handleWebsocket(ChatController);
  const second = app.handleWebsocket(ChatController);
  assertThrows(
    () => new Server(denoUpgrader(), app),
    TypeError,
    'Cannot handle namespace "" with ChatController twice: give each its own namespace',
  );
  assertThrows(
    () => second.setNamespace("late"),
    TypeError,
    "Cannot set the namespace of ChatController: a server or client was already made of it",
  );
});

Deno.test("Application refuses a websocket controller whose activation hooks nobody calls", () => {
  class Before {
    static beforeActivation() {}
    onChat() {}
  }
  class After {
    afterActivation() {}
    onChat() {}
  }
  class Both {
    beforeActivation() {}
    get() {
      return "home";
    }
    onChat() {}
  }
  for (
    const [controller, key] of [
      [Before, "beforeActivation"],
      [After, "afterActivation"],
      [new After(), "afterActivation"],
      [Both, "beforeActivation"],
    ] as const
  ) {
    const app = new Application(new Router());
    app.handleWebsocket(controller as never);
    assertThrows(
      () => new Server(denoUpgrader(), app),
      TypeError,
      `its ${key}() is called for routes alone; call handle() of the application as well, or remove it`,
    );
  }
  // In whatever order, and on another party.
  const app = new Application(new Router());
  app.handleWebsocket(Both);
  app.party("/pages").handle(Both);
  new Server(denoUpgrader(), app);
});

Deno.test("Application.override() takes effect after controllers and server were made, and not once they are used", async () => {
  const Name = token<string, "Name">("Name");
  const User = token<{ name: string }, "User">("User");
  class Controller {
    static readonly inject = [Name, User] as const;
    constructor(readonly name: string, readonly user: { name: string }) {}
    getNames() {
      return [this.name, this.user.name];
    }
    onNames() {
      return [this.name, this.user.name];
    }
  }
  const parent = new Application(new Router())
    .singleton(Name, [], (): string => {
      throw new Error("no database");
    })
    .scoped(User, [Context], () => ({ name: "nobody" }));
  const app = parent.party("/api").handle(Controller);
  app.handleWebsocket(Controller);
  const server = new Server(denoUpgrader(), app);
  app.router.get("/", websocketHandler(server));
  app.override(User, { name: "ann" }).override(Name, "test");
  const response = await request(app, "/api/names");
  assertEquals(await response.json(), ["test", "ann"]);
  await using client = await connectTest(app, Controller);
  assertEquals((await client.ask("onNames")).json(), ["test", "ann"]);
  assertThrows(
    () => app.override(Name, "late"),
    DependencyError,
    'Cannot override "Name": "Controller" uses it already',
  );
});

Deno.test("Application.override() takes a value with the public members of a class", async () => {
  class Mailer {
    #sent = 0;
    constructor(readonly host: string) {}
    send(text: string) {
      return `${this.host} has sent "${text}" as number ${++this.#sent}`;
    }
  }
  class MailController {
    static readonly inject = [Mailer] as const;
    constructor(readonly mailer: Mailer) {}
    onSend(_nsConn: NSConn, msg: Message<string>) {
      return this.mailer.send(msg.text());
    }
  }
  const makeApp = () => {
    const app = new Application(new Router())
      .singleton(Mailer, [], () => new Mailer("smtp.example"));
    app.handleWebsocket(MailController);
    return app;
  };
  await using app = makeApp()
    .override(Mailer, { host: "", send: (text) => `pretended: ${text}` });
  await using client = await connectTest(app, MailController);
  const answer = await client.ask("onSend", "hello");
  assertEquals(answer.text(), "pretended: hello");
  // @ts-expect-error A method is missing.
  makeApp().override(Mailer, { host: "" });
  // @ts-expect-error The class itself is no instance.
  makeApp().override(Mailer, Mailer);
});
