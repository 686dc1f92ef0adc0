import {
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  denoUpgrader,
  EventError,
  type Message,
  NSConn,
  Server,
} from "../../neffos/mod.ts";
import { Application } from "../application.ts";
import { DependencyError } from "../container/graph.ts";
import { token } from "../container/tokens.ts";
import { Listening, Routed, withString } from "../harness/mod.ts";
import { Context } from "../http/context.ts";
import { HttpError } from "../http/http_error.ts";
import { Router } from "../router/router.ts";
import { connectTest } from "../testing/mod.ts";

/** A service of one request that reports its disposal. */
class Session implements AsyncDisposable {
  readonly ctx: Context;
  readonly #log: Log;
  constructor(ctx: Context, log: Log) {
    this.ctx = ctx;
    this.#log = log;
    log.made++;
  }
  [Symbol.asyncDispose](): Promise<void> {
    this.#log.dispose();
    return Promise.resolve();
  }
}

const SessionToken = token<Session>("Session");

/** Counts sessions, and lets tests wait for the next end of one. */
class Log {
  made = 0;
  disposed = 0;
  #next = Promise.withResolvers<void>();

  /** Resolves with the next end of a session. */
  get next(): Promise<void> {
    return this.#next.promise;
  }

  dispose(): void {
    this.disposed++;
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}

/** An application with sessions on a party. */
function withSessions(app: Application, log: Log) {
  return app.scoped(SessionToken, [Context], (ctx) => new Session(ctx, log));
}

/** A stream that a test feeds. */
function handMade(): {
  body: ReadableStream<Uint8Array>;
  send(): void;
  close(): void;
  fail(): void;
} {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (it) => void (controller = it),
  });
  return {
    body,
    send: () => controller.enqueue(new TextEncoder().encode("x")),
    close: () => controller.close(),
    fail: () => controller.error(new Error("broken stream")),
  };
}

class SessionController {
  static readonly inject = [SessionToken] as const;
  /** The response of the tests. */
  static answer: (session: Session) => unknown = () => "hi";
  readonly session: Session;
  constructor(session: Session) {
    this.session = session;
  }
  get() {
    return SessionController.answer(this.session);
  }
}

/** A fake of the info of `Deno.serve`, without `completed`. */
const BARE = {} as Deno.ServeHandlerInfo;

function bare(log: Log) {
  const faults: unknown[] = [];
  const router = new Router({ onError: (error) => void faults.push(error) });
  withSessions(new Application(router), log).handle(SessionController);
  const ask = async (init?: RequestInit) =>
    await router.handler(new Request("http://host/", init), BARE);
  return { router, faults, ask };
}

Deno.test("A controller that injects the Context is built for each request", async () => {
  const routed = new Routed("/:group");
  const seen: unknown[] = [];
  class Controller {
    static readonly inject = [Context] as const;
    readonly ctx: Context;
    constructor(ctx: Context) {
      this.ctx = ctx;
      seen.push(this);
    }
    getBy(id: string) {
      return [this.ctx.params.group, id, this.ctx.path];
    }
  }
  routed.app.handle(Controller);
  assertEquals(await routed.ask("/a/1"), '200 ["a","1","/a/1"]');
  assertEquals(await routed.ask("/b/2"), '200 ["b","2","/b/2"]');
  assertEquals(seen.length, 2);
  assertNotStrictEquals(seen[0], seen[1]);
});

Deno.test("A controller that does not inject the Context is one object", async () => {
  const routed = new Routed();
  let made = 0;
  const Name = token<string>("Name");
  class Controller {
    static readonly inject = [Name] as const;
    #count = 0;
    constructor(_name: string) {
      made++;
    }
    get() {
      return ++this.#count;
    }
  }
  routed.app
    .singleton(Name, [], () => Promise.resolve("x")).handle(Controller);
  const first = await Promise.all(
    ["/", "/"].map((path) => routed.ask(path)),
  );
  assertEquals(first.toSorted(), ["200 1", "200 2"]);
  assertEquals(await routed.ask("/"), "200 3");
  assertEquals(made, 1);
});

Deno.test("A shared controller that could not be built is tried again", async () => {
  const routed = new Routed();
  let tries = 0;
  const Name = token<string>("Name");
  class Controller {
    static readonly inject = [Name] as const;
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
    get() {
      return this.name;
    }
  }
  routed.app.singleton(Name, [], async () => {
    await Promise.resolve();
    if (++tries === 1) throw new Error("not yet");
    return "ann";
  }).handle(Controller);
  assertEquals(await routed.ask("/"), "500 Internal Server Error");
  assertEquals(await routed.ask("/"), "200 ann");
  assertEquals(tries, 2);
});

Deno.test("A scope ends when text, a stream, or an answer to HEAD is sent", async () => {
  await using listening = new Listening();
  const log = new Log();
  withSessions(listening.app, log).handle(SessionController);

  SessionController.answer = () => "hi";
  let ended = log.next;
  assertEquals(await listening.ask("/"), "200 hi");
  await ended;
  ended = log.next;
  assertEquals(await listening.ask("/", { method: "HEAD" }), "200");
  await ended;
  assertEquals([log.made, log.disposed], [2, 2]);

  const stream = handMade();
  SessionController.answer = () => stream.body;
  ended = log.next;
  const response = await listening.fetch("/");
  const reader = response.body!.getReader();
  stream.send();
  await reader.read();
  assertEquals(log.disposed, 2);
  stream.close();
  assertEquals((await reader.read()).done, true);
  await ended;
  assertEquals([log.made, log.disposed], [3, 3]);
});

Deno.test("A scope ends when the client disconnects, or the stream fails", async () => {
  await using listening = new Listening();
  const log = new Log();
  withSessions(listening.app, log).handle(SessionController);

  const left = handMade();
  SessionController.answer = () => left.body;
  let ended = log.next;
  const conn = await listening.connect("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await conn.read(new Uint8Array(1000));
  assertEquals(log.disposed, 0);
  conn.close();
  await ended;

  const failing = handMade();
  SessionController.answer = () => failing.body;
  ended = log.next;
  const response = await listening.fetch("/");
  failing.fail();
  await response.text().catch(() => {});
  await ended;
  assertEquals([log.made, log.disposed], [2, 2]);
});

Deno.test("A scope ends with the stream if there is no other signal", async () => {
  const log = new Log();
  const { ask, faults } = bare(log);
  const stream = handMade();
  SessionController.answer = () => new Response(stream.body, { status: 201 });
  const response = await ask();
  assertEquals([response.status, log.disposed], [201, 0]);
  stream.send();
  stream.close();
  assertEquals(await response.text(), "x");
  await Promise.resolve();
  assertEquals(log.disposed, 1);

  const left = handMade();
  SessionController.answer = () => left.body;
  await (await ask()).body!.cancel();
  assertEquals(log.disposed, 2);

  const failing = handMade();
  SessionController.answer = () => failing.body;
  const broken = await ask();
  failing.fail();
  await broken.text().catch(() => {});
  assertEquals(log.disposed, 3);

  SessionController.answer = () => undefined;
  await ask();
  assertEquals(log.disposed, 4);
  assertEquals(faults, []);
});

Deno.test("A scope ends when completed settles, and the response stays as it is", async () => {
  const log = new Log();
  const { router } = bare(log);
  for (const settle of ["resolve", "reject"] as const) {
    const sent = Promise.withResolvers<void>();
    const response = new Response("hi");
    SessionController.answer = () => response;
    const answer = await router.handler(new Request("http://host/"), {
      ...BARE,
      completed: sent.promise,
    });
    assertStrictEquals(answer, response);
    assertEquals(await answer.text(), "hi");
    assertEquals([log.made, log.disposed], [1, 0]);
    const ended = log.next;
    sent[settle]();
    await ended;
    log.made = log.disposed = 0;
  }
});

Deno.test("A stream is cancelled if its scope ends with it", async () => {
  const { ask } = bare(new Log());
  const cancelled = Promise.withResolvers<unknown>();
  SessionController.answer = () =>
    new ReadableStream({ cancel: (reason) => cancelled.resolve(reason) });
  await (await ask()).body!.cancel("gone");
  assertEquals(await cancelled.promise, "gone");
});

Deno.test("A scope ends if middleware replaces the response", async () => {
  const log = new Log();
  const { router, ask } = bare(log);
  router.use(async (ctx, next) => {
    await next();
    return ctx.text("other");
  });
  SessionController.answer = () => handMade().body;
  const response = await ask();
  assertEquals(log.disposed, 0);
  assertEquals(await response.text(), "other");
  assertEquals(log.disposed, 1);
});

Deno.test("A scope ends if middleware throws after the controller", async () => {
  const log = new Log();
  const { router, ask, faults } = bare(log);
  router.use(async (_ctx, next) => {
    await next();
    throw new HttpError(409);
  });
  SessionController.answer = () => "hi";
  assertEquals(await (await ask()).text(), "Conflict");
  assertEquals([log.made, log.disposed, faults.length], [1, 1, 0]);
});

Deno.test("A scope ends if middleware has already answered", async () => {
  const log = new Log();
  const { router, ask, faults } = bare(log);
  let rest: Promise<Response> | undefined;
  router.use((ctx, next) => {
    rest = next();
    return ctx.text("already");
  });
  const gate = Promise.withResolvers<string>();
  SessionController.answer = () => gate.promise;
  assertEquals(await (await ask()).text(), "already");
  // The method still works with the instance.
  assertEquals([log.made, log.disposed], [1, 0]);
  gate.resolve("late");
  await rest;
  assertEquals([log.disposed, faults], [1, []]);
});

Deno.test("A scope ends at once if the method throws", async () => {
  const log = new Log();
  const { ask, faults } = bare(log);
  SessionController.answer = () => {
    throw new HttpError(404);
  };
  assertEquals((await ask()).status, 404);
  assertEquals([log.made, log.disposed], [1, 1]);
  SessionController.answer = () => Promise.reject(new Error("fault"));
  assertEquals((await ask()).status, 500);
  assertEquals([log.made, log.disposed], [2, 2]);
  assertEquals(faults.map(String), ["Error: fault"]);
});

Deno.test("No answer waits for a disposal that never ends", async () => {
  const log: string[] = [];
  const faults: unknown[] = [];
  const Stuck = token<AsyncDisposable>("Stuck");
  class Controller {
    static readonly inject = [Stuck, Context] as const;
    readonly ctx: Context;
    constructor(_stuck: AsyncDisposable, ctx: Context) {
      this.ctx = ctx;
      if (ctx.query.has("build")) throw new HttpError(503);
    }
    async get() {
      if (this.ctx.query.has("sync")) throw new HttpError(409);
      await Promise.resolve();
      if (this.ctx.query.has("async")) throw new Error("fault");
      return "hi";
    }
  }
  const router = new Router({ onError: (error) => void faults.push(error) });
  new Application(router)
    .scoped(Stuck, [Context], () => ({
      [Symbol.asyncDispose]() {
        log.push("disposed");
        return new Promise(() => {});
      },
    }))
    .handle(Controller);
  const ask = async (query: string) => {
    const request = new Request(`http://host/?${query}`);
    const response = await router.handler(request, BARE);
    return `${response.status} ${await response.text()}`;
  };
  assertEquals(await ask(""), "200 hi");
  assertEquals(await ask("sync"), "409 Conflict");
  assertEquals(await ask("async"), "500 Internal Server Error");
  assertEquals(await ask("build"), "503 Service Unavailable");
  assertEquals(log.length, 4);
  assertEquals(faults.length, 2);
});

Deno.test("A disposal that fails after an error is reported as well, whenever it fails", async () => {
  await using listening = new Listening();
  const { promise, reject } = Promise.withResolvers<void>();
  const Late = token<AsyncDisposable>("Late");
  class Controller {
    static readonly inject = [Late] as const;
    get() {
      throw new HttpError(409);
    }
  }
  listening.app
    .scoped(Late, [Context], () => ({ [Symbol.asyncDispose]: () => promise }))
    .handle(Controller);
  assertEquals(await listening.ask("/"), "409 Conflict");
  assertEquals(listening.faults, []);
  reject(new Error("cannot be closed"));
  assertEquals(String(await listening.fault()), "Error: cannot be closed");
});

Deno.test("A handler that fails after the answer has both its errors reported", async () => {
  const faults: unknown[] = [];
  const router = new Router({ onError: (error) => void faults.push(error) });
  const gate = Promise.withResolvers<void>();
  let rest = Promise.resolve<unknown>(undefined);
  router.use((ctx, next) => {
    rest = next().catch(() => {});
    return ctx.text("already");
  });
  const Failing = token<AsyncDisposable>("Failing");
  class Controller {
    static readonly inject = [Failing] as const;
    async get() {
      await gate.promise;
      throw new Error("fault");
    }
  }
  new Application(router)
    .scoped(Failing, [Context], () => ({
      [Symbol.asyncDispose]: () => Promise.reject(new Error("disposal")),
    }))
    .handle(Controller);
  await router.handler(new Request("http://host/"), BARE);
  gate.resolve();
  await rest;
  assertEquals(faults.map(String).toSorted(), [
    "Error: disposal",
    "Error: fault",
  ]);
});

Deno.test("Services of a request are built once its body is there and valid", async () => {
  const log = new Log();
  const router = new Router();
  class Controller {
    static readonly inject = [SessionToken] as const;
    static readonly routes = { post: { body: withString("name") } } as const;
    post({ name }: { name: string }) {
      return name;
    }
  }
  withSessions(new Application(router), log).handle(Controller);
  let feed!: ReadableStreamDefaultController<Uint8Array>;
  const send = (text: string) => feed.enqueue(new TextEncoder().encode(text));
  const ask = async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (feed = controller),
    });
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body };
    const request = new Request("http://host/", init);
    return (await router.handler(request, BARE)).status;
  };
  // A client that leaves.
  let asked = ask();
  send("{");
  feed.error(new Error("gone"));
  assertEquals([await asked, log.made], [400, 0]);
  for (const text of ["{", "{}"]) {
    asked = ask();
    send(text);
    feed.close();
    assertEquals([await asked, log.made], [400, 0]);
  }
  asked = ask();
  send('{"name":');
  await Promise.resolve();
  assertEquals(log.made, 0);
  send('"Ann"}');
  feed.close();
  assertEquals([await asked, log.made], [200, 1]);
});

Deno.test("A scope ends at once if the controller cannot be built", async () => {
  await using listening = new Listening();
  const log = new Log();
  class Controller {
    static readonly inject = [SessionToken] as const;
    constructor(_session: Session) {
      throw new Error("cannot be built");
    }
    get() {}
  }
  withSessions(listening.app, log).handle(Controller);
  assertEquals(await listening.ask("/"), "500 Internal Server Error");
  assertEquals([log.made, log.disposed], [1, 1]);
});

Deno.test("An error of a disposal is reported, and changes no response", async () => {
  await using listening = new Listening();
  class Broken implements Disposable {
    static readonly inject = [Context] as const;
    readonly ctx: Context;
    constructor(ctx: Context) {
      this.ctx = ctx;
    }
    get() {
      if (this.ctx.query.has("throw")) throw new HttpError(409);
      return "hi";
    }
    [Symbol.dispose]() {
      throw new Error(`disposal ${this.ctx.query}`);
    }
  }
  listening.app.handle(Broken);
  assertEquals(await listening.ask("/"), "200 hi");
  assertEquals(String(await listening.fault()), "Error: disposal ");
  listening.faults.length = 0;
  assertEquals(await listening.ask("/?throw"), "409 Conflict");
  assertEquals(String(await listening.fault()), "Error: disposal throw=");
  assertEquals(listening.faults.length, 1);
});

Deno.test("An EventError of a scoped service refuses HTTP and websocket", async () => {
  const routed = new Routed("/ws");
  interface User {
    name: string;
  }
  const User = token<User>("User");
  class Controller {
    static readonly namespace = "chat";
    static readonly inject = [User] as const;
    readonly user: User;
    constructor(user: User) {
      this.user = user;
    }
    getMe() {
      return this.user.name;
    }
    onMe() {
      return this.user.name;
    }
  }
  const app = routed.app.scoped(User, [Context], (ctx) => {
    const name = ctx.query.get("user");
    if (name === null) throw new EventError("who are you?");
    return { name };
  });
  app.handle(Controller).handleWebsocket(Controller);
  assertEquals(await routed.ask("/ws/me?user=ann"), "200 ann");
  assertEquals(await routed.ask("/ws/me"), "403 who are you?");
  assertEquals(routed.faults, []);

  const query = { user: "bob" };
  await using client = await connectTest(app, Controller, { query });
  assertEquals((await client.ask("onMe")).text(), "bob");
  await assertRejects(
    () => connectTest(app, Controller),
    EventError,
    "who are you?",
  );
});

Deno.test("handle() and handleWebsocket() share the singletons of a class", async () => {
  const routed = new Routed("/ws");
  class Counter {
    count = 0;
  }
  class Controller {
    static readonly namespace = "count";
    static readonly inject = [Counter] as const;
    readonly counter: Counter;
    constructor(counter: Counter) {
      this.counter = counter;
    }
    postAdd() {
      return ++this.counter.count;
    }
    onAdd(_nsConn: NSConn, _msg: Message) {
      return ++this.counter.count;
    }
  }
  const app = routed.app.singleton(Counter);
  app.handle(Controller).handleWebsocket(Controller);
  await using client = await connectTest(app, Controller);
  assertEquals((await client.ask("onAdd")).text(), "1");
  const post = { method: "POST" };
  assertEquals(await routed.ask("/ws/add", post), "200 2");
  assertEquals(await routed.ask("/ws/on/add", post), "404 Not Found");
  assertEquals((await client.ask("onAdd")).text(), "3");
});

Deno.test("handle() refuses a class that needs a connection", () => {
  class Direct {
    static readonly inject = [NSConn] as const;
    constructor(_nsConn: NSConn) {}
    get() {}
  }
  const Room = token<string>("Room");
  class Indirect {
    static readonly inject = [Room] as const;
    constructor(_room: string) {}
    get() {}
  }
  const app = new Application(new Router())
    .scoped(Room, [NSConn], (nsConn) => nsConn.id);
  assertThrows(
    () => app.handle(Direct as unknown as object),
    DependencyError,
    "Direct -> NSConn: not provided here; the scope is given Context",
  );
  assertThrows(
    () => app.handle(Indirect),
    DependencyError,
    "Indirect -> Room -> NSConn",
  );
});

Deno.test("handle() in a child application injects the services of the child", async () => {
  const routed = new Routed();
  const Name = token<string>("Name");
  class Controller {
    static readonly inject = [Name, Context, Server] as const;
    readonly name: string;
    readonly server: Server;
    constructor(name: string, _ctx: Context, server: Server) {
      this.name = name;
      this.server = server;
    }
    get() {
      return `${this.name} ${this.server === server}`;
    }
  }
  const app = routed.app.register(Name, "parent").handle(Controller);
  app.party("/child").register(Name, "child").handle(Controller);
  class Chat {
    onChat() {}
  }
  app.handleWebsocket(Chat);
  const server = new Server(denoUpgrader(), app);
  assertStrictEquals(await routed.ask("/"), "200 parent true");
  assertStrictEquals(await routed.ask("/child"), "200 child true");
  await server.close();
});
