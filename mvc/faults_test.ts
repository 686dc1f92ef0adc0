/** Faults of other implementations that concern controllers and services. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { compileHandlers } from "../neffos/controller/compile.ts";
import { MemoryServer, RawClient } from "../neffos/harness/mod.ts";
import {
  Conn,
  type ConnHandler,
  EventError,
  joinConnHandlers,
  NSConn,
  Struct,
  withTimeout,
} from "../neffos/mod.ts";
import { Application } from "./application.ts";
import { type ServiceToken, token } from "./container/tokens.ts";
import { Router } from "./router/router.ts";

/** An application whose types check nothing, for services made in loops. */
function newApp(): Application<ServiceToken> {
  return new Application(new Router()) as Application<ServiceToken>;
}

async function text(nsConn: NSConn, event: string): Promise<string> {
  return (await nsConn.ask(event)).text();
}

/** Connects a new client to a namespace. */
async function enter(memory: MemoryServer, name: string): Promise<NSConn> {
  return await (await memory.dial({ [name]: {} })).connect(name);
}

Deno.test("A dependency that fails refuses the namespace with its own error, and all that was built is disposed", async () => {
  const Failing = token<object>("Failing");
  const Base = token<object>("Base");
  const Left = token<object>("Left");
  const Right = token<object>("Right");
  const factories: (() => object | Promise<object>)[] = [
    () => {
      throw new EventError("no seat");
    },
    () => Promise.reject(new EventError("no seat")),
    async () => {
      await Promise.resolve();
      throw new EventError("no seat");
    },
  ];
  for (const factory of factories) {
    for (const kind of ["scoped", "singleton"] as const) {
      for (const isFirst of [true, false]) {
        const log: string[] = [];
        const make = (name: string) => () => ({
          [Symbol.dispose]: () => void log.push(name),
        });
        class Failed {
          static readonly namespace = "chat";
          static readonly inject = [NSConn, Left, Right] as const;
          constructor() {
            log.push("Failed built");
          }
          onNamespaceConnect() {
            log.push("Failed connects");
          }
        }
        class Good implements Disposable {
          static readonly namespace = "chat";
          static readonly inject = [NSConn, Base] as const;
          onNamespaceConnect() {
            log.push("Good connects");
          }
          [Symbol.dispose]() {
            log.push("Good");
          }
        }
        const app = newApp()
          .scoped(Base, [NSConn], make("Base"))
          .scoped(Left, [Base], async () => await make("Left")())
          .scoped(Right, [Base, Failing], make("Right"));
        if (kind === "scoped") app.scoped(Failing, [], factory);
        else app.singleton(Failing, [], factory);
        for (const Class of isFirst ? [Failed, Good] : [Good, Failed]) {
          app.handleWebsocket(Class);
        }
        await using memory = new MemoryServer(app);
        await assertRejects(() => enter(memory, "chat"), EventError, "no seat");
        // A service that was still being built is disposed once it is there.
        await memory.server.close();
        const built = isFirst
          ? ["Base", "Left"]
          : ["Base", "Good", "Good connects", "Left"];
        assertEquals(log.toSorted(), built);
        assertEquals(memory.errors, []);
      }
    }
  }
});

Deno.test("A dependency's error is not hidden by that of a disposal", async () => {
  const Opened = token<object>("Opened");
  const Failing = token<object>("Failing");
  const unclosed = new Error("cannot be closed");
  class Chat {
    static readonly namespace = "chat";
    static readonly inject = [NSConn, Opened, Failing] as const;
    onHi() {}
  }
  const app = newApp()
    .scoped(Opened, [], () => ({
      [Symbol.dispose]() {
        throw unclosed;
      },
    }))
    .scoped(Failing, [], () => Promise.reject(new EventError("no seat")));
  app.handleWebsocket(Chat);
  await using memory = new MemoryServer(app);
  await assertRejects(() => enter(memory, "chat"), EventError, "no seat");
  assertEquals(memory.errors, [unclosed]);
});

Deno.test("A dependency that comes after its client has gone is disposed", async () => {
  const log: string[] = [];
  const Late = token<object>("Late");
  const gate = Promise.withResolvers<object>();
  const asked = Promise.withResolvers<void>();
  class Chat {
    static readonly namespace = "chat";
    static readonly inject = [NSConn, Late] as const;
    onNamespaceConnect() {
      log.push("connects");
    }
    [Symbol.dispose]() {
      log.push("Chat");
    }
  }
  const app = newApp().scoped(Late, [], () => {
    asked.resolve();
    return gate.promise;
  });
  app.handleWebsocket(Chat);
  await using memory = new MemoryServer(app, { closeTimeout: 1 });
  const raw = await RawClient.open(memory, "M");
  raw.send("$1;chat;;_OnNamespaceConnect;0;0;");
  await asked.promise;
  const [conn] = memory.server.connections;
  raw.socket.close();
  // It ends without waiting for the service forever.
  await conn!.closed;
  const disposed = Promise.withResolvers<void>();
  gate.resolve({
    [Symbol.dispose]() {
      log.push("Late");
      disposed.resolve();
    },
  });
  await disposed.promise;
  assertEquals(log.filter((line) => line !== "connects"), ["Chat", "Late"]);
  assertEquals(memory.server.connectionsByNamespace("chat"), []);
  assertEquals(memory.errors, []);
});

Deno.test("A native connection that has gone before it was bound leaves nothing", async () => {
  const log: string[] = [];
  const Late = token<object>("Late");
  const gate = Promise.withResolvers<object>();
  const asked = Promise.withResolvers<void>();
  class Native {
    static readonly inject = [NSConn, Late] as const;
    onNativeMessage() {}
  }
  const app = newApp().scoped(Late, [], () => {
    asked.resolve();
    return gate.promise;
  });
  app.handleWebsocket(Native);
  await using memory = new MemoryServer(app, { closeTimeout: 1 });
  const raw = await RawClient.open(memory);
  await asked.promise;
  const [conn] = memory.server.connections;
  raw.socket.close();
  // It ends without waiting for the service forever.
  await conn!.closed;
  const disposed = Promise.withResolvers<void>();
  gate.resolve({
    [Symbol.dispose]() {
      log.push("Late");
      disposed.resolve();
    },
  });
  await disposed.promise;
  assertEquals(log, ["Late"]);
  assertEquals(memory.server.connectionsByNamespace(""), []);
});

Deno.test("Each namespace of a connection, and each connection, has a controller and services of its own", async () => {
  let built = 0;
  class Session {
    readonly number = ++built;
  }
  class Counter {
    static readonly inject = [NSConn, Session, Conn] as const;
    readonly #nsConn: NSConn;
    readonly #session: Session;
    readonly #conn: Conn;
    #count = 0;
    constructor(nsConn: NSConn, session: Session, conn: Conn) {
      this.#nsConn = nsConn;
      this.#session = session;
      this.#conn = conn;
    }
    onCount() {
      const { namespace, conn } = this.#nsConn;
      return `${namespace} ${this.#session.number} ${++this.#count} ${
        conn === this.#conn
      }`;
    }
  }
  const app = newApp().scoped(Session);
  app.handleWebsocket(Counter).setNamespace("one");
  app.handleWebsocket(Counter).setNamespace("two");
  await using memory = new MemoryServer(app, { idGenerator: () => "same" });
  const all: NSConn[] = [];
  for (let n = 0; n < 2; n++) {
    const client = await memory.dial({ one: {}, two: {} });
    all.push(await client.connect("one"), await client.connect("two"));
  }
  for (const count of [1, 2]) {
    const answers = await Promise.all(all.map((ns) => text(ns, "onCount")));
    assertEquals(answers, [
      `one 1 ${count} true`,
      `two 2 ${count} true`,
      `one 3 ${count} true`,
      `two 4 ${count} true`,
    ]);
  }
  await all[0]!.disconnect();
  const again = await all[0]!.conn.connect("one");
  assertEquals(await text(again, "onCount"), "one 5 1 true");
  assertEquals(await text(all[1]!, "onCount"), "two 2 3 true");
});

Deno.test("Each of two controllers in a namespace has its own methods called, on its own object", async () => {
  class Base {
    static readonly namespace = "chat";
    static readonly inject = [NSConn] as const;
    readonly #log: string[] = [];
    /** Both classes have it; each calls its own. */
    helper() {
      return "base";
    }
    onNamespaceConnected() {
      this.#log.push(this.constructor.name);
    }
    protected tell() {
      return `${this.#log} ${this.helper()}`;
    }
  }
  class First extends Base {
    override helper() {
      return "first";
    }
    onFirst() {
      return this.tell();
    }
  }
  class Second extends Base {
    onSecond() {
      return this.tell();
    }
  }
  class Shared {
    static readonly namespace = "chat";
    readonly #name = "shared";
    onShared() {
      return this.#name;
    }
  }
  const all = [First, Second, Shared];
  for (const order of listPermutations(all)) {
    const app = newApp();
    for (const Class of order) app.handleWebsocket(Class);
    await using memory = new MemoryServer(app);
    const nsConn = await enter(memory, "chat");
    assertEquals(await text(nsConn, "onFirst"), "First first");
    assertEquals(await text(nsConn, "onSecond"), "Second base");
    assertEquals(await text(nsConn, "onShared"), "shared");
    assertEquals(memory.errors, []);
  }
});

Deno.test("Time limits stay when handlers are joined, in whatever way, and the strictest counts", () => {
  const timed = (read: number): ConnHandler =>
    withTimeout({ [`n${read}`]: {} }, { read });
  class Timed {
    static readonly namespace: string = "timed";
    onHi() {}
  }
  const app = newApp();
  app.handleWebsocket(Timed).setTimeouts({ read: 30 });
  class Other extends Timed {
    static override readonly namespace = "other";
  }
  const struct = new Struct(Other).setTimeouts({ read: 20 });
  const plain = { plain: {} };
  const cases: [ConnHandler, number | undefined][] = [
    [plain, undefined],
    [joinConnHandlers(timed(50), plain), 50],
    [joinConnHandlers(plain, timed(50)), 50],
    [joinConnHandlers(timed(50), timed(40), timed(60)), 40],
    [joinConnHandlers(plain, joinConnHandlers(plain, timed(50))), 50],
    [withTimeout(joinConnHandlers(timed(50), plain), { read: 70 }), 50],
    [withTimeout(joinConnHandlers(timed(50), plain), { read: 10 }), 10],
    [withTimeout(withTimeout(plain, { read: 10 }), {}), 10],
    [joinConnHandlers(app, timed(50)), 30],
    [joinConnHandlers(timed(50), app, struct), 20],
    [withTimeout(app, { read: 10 }), 10],
  ];
  for (const [handler, read] of cases) {
    assertEquals(compileHandlers(handler).timeouts.read, read);
  }
});

Deno.test("A scoped service is built once for a connection in a namespace, wherever it is wanted", async () => {
  for (const isAsync of [false, true]) {
    const built: string[] = [];
    const Session = token<{ id: string }>("Session");
    const Left = token<{ id: string }>("Left");
    const Right = token<{ id: string }>("Right");
    const pass = (name: string) => (session: { id: string }) => {
      built.push(name);
      return isAsync ? Promise.resolve({ ...session }) : { ...session };
    };
    class Base {
      static readonly namespace = "chat";
      protected readonly ids: string;
      constructor(...all: { id: string }[]) {
        this.ids = all.map(({ id }) => id).join();
      }
    }
    class First extends Base {
      static readonly inject = [Left, Right, Session] as const;
      onFirst() {
        return this.ids;
      }
    }
    class Second extends Base {
      static readonly inject = [Right, Session, Left] as const;
      onSecond() {
        return this.ids;
      }
    }
    const app = newApp()
      .scoped(Left, [Session], pass("Left"))
      .scoped(Right, [Left, Session], pass("Right"))
      .scoped(Session, [NSConn], (nsConn) => {
        built.push("Session");
        const session = { id: `${nsConn.id} ${built.length}` };
        return isAsync ? Promise.resolve(session) : session;
      });
    app.handleWebsocket(First);
    app.handleWebsocket(Second);
    await using memory = new MemoryServer(app, { idGenerator: () => "ID" });
    const nsConn = await enter(memory, "chat");
    assertEquals(await text(nsConn, "onFirst"), "ID 1,ID 1,ID 1");
    assertEquals(await text(nsConn, "onSecond"), "ID 1,ID 1,ID 1");
    assertEquals(built, ["Session", "Left", "Right"]);
    const other = await enter(memory, "chat");
    assertEquals(await text(other, "onSecond"), "ID 4,ID 4,ID 4");
    assertEquals(built.length, 6);
  }
});

Deno.test("The order of registrations decides nothing", async () => {
  const Url = token<string>("Url");
  const Database = token<string>("Database");
  const Users = token<string>("Users");
  class Chat {
    static readonly namespace = "chat";
    static readonly inject = [Users, Url] as const;
    readonly #services: string[];
    constructor(...services: string[]) {
      this.#services = services;
    }
    onTell() {
      return this.#services.join(", ");
    }
  }
  type App = Application<ServiceToken>;
  const registrations: ((app: App, parent: App) => unknown)[] = [
    (app) => app.register(Url, "url"),
    (_, parent) =>
      parent.singleton(Database, [], () => Promise.resolve("database")),
    (app) =>
      app.scoped(
        Users,
        [NSConn, Database, Url],
        (_, database, url) => `users of ${database} at ${url}`,
      ),
    (_, parent) => parent.register(Url, "overridden"),
  ];
  for (const order of listPermutations(registrations)) {
    const parent = newApp();
    const app = parent.party("/child");
    for (const register of order) register(app, parent);
    app.handleWebsocket(Chat);
    await using memory = new MemoryServer(app);
    assertEquals(
      await text(await enter(memory, "chat"), "onTell"),
      "users of database at url, url",
    );
  }
});

Deno.test("A controller may be registered after it is handled", async () => {
  class Chat {
    static readonly namespace = "chat";
    readonly #name: string;
    constructor(name = "built by itself") {
      this.#name = name;
    }
    onName() {
      return this.#name;
    }
  }
  for (const isFirst of [true, false]) {
    for (const kind of ["value", "singleton", "scoped"]) {
      const app = newApp();
      if (isFirst) app.handleWebsocket(Chat);
      if (kind === "value") app.register(Chat, new Chat(kind));
      else if (kind === "singleton") {
        app.singleton(Chat, [], () => new Chat(kind));
      } else app.scoped(Chat, [], () => new Chat(kind));
      if (!isFirst) app.handleWebsocket(Chat);
      await using memory = new MemoryServer(app);
      assertEquals(await text(await enter(memory, "chat"), "onName"), kind);
    }
  }
});

Deno.test("What is registered after the server was made does not change how methods are called", async () => {
  const Name = token<string>("Name");
  class Chat {
    static readonly namespace = "chat";
    static readonly inject = [Name] as const;
    onHi() {}
  }
  const app = newApp().register(Name, "value");
  app.handleWebsocket(Chat);
  await using memory = new MemoryServer(app);
  app.scoped(Name, [NSConn], (nsConn) => nsConn.id);
  await assertRejects(() => enter(memory, "chat"), EventError);
  const [error] = memory.errors as Error[];
  assertStringIncludes(error!.message, "after its server was made");
  app.singleton(Name, [], () => "singleton");
  await enter(memory, "chat");
});

Deno.test("10,000 connects leave no controller and no service behind", async () => {
  const times = 10_000;
  let built = 0;
  let open = 0;
  class Session implements Disposable {
    constructor() {
      built++;
      open++;
    }
    [Symbol.dispose]() {
      open--;
    }
  }
  class Chat implements AsyncDisposable {
    static readonly namespace = "chat";
    static readonly inject = [NSConn, Session] as const;
    constructor() {
      open++;
    }
    onHi() {}
    [Symbol.asyncDispose]() {
      open--;
      return Promise.resolve();
    }
  }
  const app = newApp().scoped(Session);
  app.handleWebsocket(Chat);
  await using memory = new MemoryServer(app);
  const nsConn = await enter(memory, "chat");
  for (let n = 1; n < times; n++) {
    await nsConn.conn.namespace("chat")!.disconnect();
    memory.frames.length = 0;
    await nsConn.conn.connect("chat");
    assert(open <= 4, `${open} are open`);
  }
  await memory.server.close();
  assertEquals([built, open], [times, 0]);
});

function listPermutations<T>(all: readonly T[]): T[][] {
  if (all.length === 0) return [[]];
  return all.flatMap((first, i) =>
    listPermutations(all.toSpliced(i, 1)).map((rest) => [first, ...rest])
  );
}
