import {
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Container } from "./container.ts";
import { DependencyError } from "./graph.ts";
import { optional, type ServiceToken, token } from "./tokens.ts";

interface Logger {
  log(text: string): void;
}

const Logger = token<Logger>("Logger");

const Url = token<string, "Url">("Url");

const User = token<string, "User">("User");

class Database {
  static readonly inject = [Url] as const;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }
}

class UserService {
  static readonly inject = [Database] as const;
  readonly database: Database;
  constructor(database: Database) {
    this.database = database;
  }
}

class ChatController {
  static readonly inject = [UserService] as const;
  readonly users: UserService;
  constructor(users: UserService) {
    this.users = users;
  }
}

class Plain {}

const plain = new Plain();

const silent: Logger = { log() {} };

/** A container whose types check nothing, as in JavaScript. */
function untyped(provided: readonly ServiceToken[] = []) {
  return new Container<ServiceToken>({ provided });
}

/** Tokens without a type of their own, for graphs that are never built. */
function tokens(...names: string[]) {
  return names.map((name) => token<unknown>(name)) as [
    ServiceToken,
    ServiceToken,
    ServiceToken,
  ];
}

/** A service that logs its disposal. */
function disposable(name: string, log: string[]): AsyncDisposable {
  return {
    [Symbol.asyncDispose]() {
      log.push(name);
      return Promise.resolve();
    },
  };
}

function failing(error: Error): Disposable {
  return {
    [Symbol.dispose]() {
      throw error;
    },
  };
}

// Tokens

Deno.test("token() makes a new Symbol with the description", () => {
  assertEquals(typeof Logger, "symbol");
  assertEquals(Logger.description, "Logger");
  assertNotStrictEquals(token<string>("a"), token<string>("a"));
});

Deno.test("token() refuses a missing description", () => {
  assertThrows(
    () => token<string>(""),
    TypeError,
    'must be a string that is not empty, not ""',
  );
  assertThrows(() => token<string>(undefined as never), TypeError, "undefined");
});

Deno.test("optional() refuses a value that is not a token", () => {
  assertThrows(
    () => optional("Logger" as never),
    TypeError,
    'Cannot use "Logger" as a token',
  );
});

// Building

Deno.test("create() returns a registered value as it is, even a promise", async () => {
  const Later = token<Promise<string>>("Later");
  const value = Promise.resolve("now");
  const container = new Container().register(Later, value);
  const plan = container.compile({ deps: [Later] });
  const [given] = await plan.create();
  assertStrictEquals(given, value);
});

Deno.test("create() builds a class from its static inject, at once", () => {
  const container = new Container()
    .register(Url, "pg://")
    .singleton(Database)
    .singleton(UserService);
  const chat = container.compile(ChatController).create();
  assertInstanceOf(chat, ChatController);
  assertInstanceOf(chat.users, UserService);
  assertEquals(chat.users.database.url, "pg://");
});

Deno.test("create() builds a class without inject that takes no parameters", () => {
  class Plain {}
  assertInstanceOf(new Container().compile(Plain).create(), Plain);
});

Deno.test("create() returns the registered instance of a class", () => {
  const database = new Database("test://");
  const container = new Container().register(Database, database);
  assertStrictEquals(container.compile(Database).create(), database);
  const users = container.compile(UserService).create();
  assertInstanceOf(users, UserService);
  assertStrictEquals(users.database, database);
});

Deno.test("create() builds a class that is not registered anew each time", () => {
  const plan = new Container().register(Url, "pg://").compile(Database);
  assertNotStrictEquals(plan.create(), plan.create());
});

Deno.test("create() returns the services of { deps } in their order", async () => {
  const container = new Container().register(Url, "pg://").register(User, "k");
  const plan = container.compile({ name: "handler", deps: [User, Url] });
  assertEquals(plan.name, "handler");
  assertEquals(await plan.create(), ["k", "pg://"]);
});

Deno.test("create() resolves an abstract class that is the token of its subclass", () => {
  abstract class Store {
    abstract get(key: string): string;
  }
  class MemoryStore extends Store {
    get(key: string): string {
      return key;
    }
  }
  const container = new Container().singleton(Store, MemoryStore);
  const store = container.compile(Store).create();
  assertInstanceOf(store, MemoryStore);
});

Deno.test("create() injects undefined for a missing optional token", async () => {
  class Greeter {
    static readonly inject = [optional(Logger), optional(Url)] as const;
    readonly given: readonly unknown[];
    constructor(logger: Logger | undefined, url: string | undefined) {
      this.given = [logger, url];
    }
  }
  const container = new Container().register(Url, "pg://");
  const greeter = await container.compile(Greeter).create();
  assertEquals(greeter.given, [undefined, "pg://"]);
});

Deno.test("create() keeps a service that is undefined", async () => {
  let built = 0;
  const Nothing = token<string | undefined>("Nothing");
  const container = new Container()
    .singleton(Nothing, [], () => void built++ as undefined);
  const plan = container.compile({ deps: [Nothing, Nothing] });
  assertEquals(await plan.create(), [undefined, undefined]);
  assertEquals(built, 1);
});

Deno.test("create() does not await a service that has a method then()", async () => {
  const Query = token<{ then(): void }>("Query");
  const query = { then: () => {} };
  const container = new Container()
    .singleton(User, [], () => Promise.resolve("k"))
    .singleton(Query, [User], () => query);
  const [given] = await container.compile({ deps: [Query] }).create();
  assertStrictEquals(given, query);
});

Deno.test("create() returns a promise only if something is pending", async () => {
  const container = new Container().singleton(
    Database,
    [],
    async () => await Promise.resolve(new Database("pg://")),
  );
  const plan = container.compile(UserService);
  const first = plan.create();
  assertInstanceOf(first, Promise);
  const { database } = await first;
  const second = plan.create();
  assertInstanceOf(second, UserService);
  assertStrictEquals(second.database, database);
});

Deno.test("create() starts async dependencies together", async () => {
  const started: string[] = [];
  const gate = Promise.withResolvers<void>();
  const build = (name: string) => async () => {
    started.push(name);
    await gate.promise;
    return name;
  };
  const container = new Container()
    .singleton(Url, [], build("url"))
    .singleton(User, [], build("user"));
  const both = container.compile({ deps: [Url, User] }).create();
  assertEquals(started, ["url", "user"]);
  gate.resolve();
  assertEquals(await both, ["url", "user"]);
});

// Singletons

Deno.test("singleton() is built on first use and once", () => {
  let built = 0;
  const container = new Container().singleton(Logger, [], () => {
    built++;
    return { log() {} };
  });
  const plan = container.compile({ deps: [Logger, Logger] });
  assertEquals(built, 0);
  plan.create();
  container.compile(Logger).create();
  assertEquals(built, 1);
});

Deno.test("singleton() shares one build between concurrent uses", async () => {
  let built = 0;
  const gate = Promise.withResolvers<Logger>();
  const container = new Container().singleton(Logger, [], () => {
    built++;
    return gate.promise;
  });
  const plan = container.compile(Logger);
  const uses = [plan.create(), plan.create()];
  gate.resolve(silent);
  assertEquals(await Promise.all(uses), [silent, silent]);
  assertEquals(built, 1);
});

Deno.test("singleton() does not keep a build that failed", async () => {
  const error = new Error("no database");
  let attempts = 0;
  const container = new Container().singleton(
    Logger,
    [],
    () => ++attempts === 1 ? Promise.reject(error) : Promise.resolve(silent),
  );
  const plan = container.compile(Logger);
  const uses = await Promise.allSettled([plan.create(), plan.create()]);
  assertEquals(uses.map((use) => use.status), ["rejected", "rejected"]);
  assertEquals(attempts, 1);
  assertStrictEquals(await plan.create(), silent);
  assertEquals(attempts, 2);
});

Deno.test("singleton() does not keep a build that threw", () => {
  let attempts = 0;
  const container = new Container().singleton(Logger, [], () => {
    if (++attempts === 1) throw new Error("no database");
    return silent;
  });
  const plan = container.compile(Logger);
  assertThrows(() => plan.create(), Error, "no database");
  assertStrictEquals(plan.create(), silent);
});

Deno.test("singleton() can be tried again as soon as its failure is known", async () => {
  let attempts = 0;
  const container = new Container().singleton(
    User,
    [],
    () =>
      ++attempts === 1
        ? Promise.reject(new Error("busy"))
        : Promise.resolve("k"),
  );
  const plan = container.compile(User);
  const retry = Promise.resolve(plan.create()).catch(() => plan.create());
  assertEquals(await retry, "k");
});

// Scopes

Deno.test("scoped() is built once for a scope, however many depend on it", async () => {
  let built = 0;
  const container = new Container({ provided: [User] })
    .scoped(Database, [User], (user) => {
      built++;
      return new Database(user);
    })
    .scoped(UserService);
  const plan = container.compile({ deps: [Database, UserService, Database] });
  await using one = container.createScope(new Map([[User, "a"]]));
  await using two = container.createScope(new Map([[User, "b"]]));
  const [first, users, again] = await plan.create(one);
  assertStrictEquals(first, again);
  assertStrictEquals(first, users.database);
  assertStrictEquals((await plan.create(one))[0], first);
  assertEquals(built, 1);
  const [other] = await plan.create(two);
  assertEquals([first.url, other.url], ["a", "b"]);
  assertEquals(built, 2);
});

Deno.test("scoped() shares one build between concurrent uses of a scope", async () => {
  let built = 0;
  const gate = Promise.withResolvers<void>();
  const container = new Container()
    .scoped(Url, [], async () => {
      built++;
      await gate.promise;
      return "pg://";
    })
    .scoped(Database)
    .scoped(UserService);
  await using scope = container.createScope();
  const plans = [
    container.compile(UserService).create(scope),
    container.compile(ChatController).create(scope),
  ] as const;
  gate.resolve();
  const [users, chat] = await Promise.all(plans);
  assertStrictEquals(chat.users, users);
  assertEquals(built, 1);
});

Deno.test("scoped() serves a scope that is older than its first use", async () => {
  const container = new Container().scoped(Url, [], () => "pg://");
  await using scope = container.createScope();
  assertEquals(container.compile(Url).create(scope), "pg://");
});

Deno.test("scoped() does not keep a build that failed", async () => {
  let attempts = 0;
  const container = new Container().scoped(
    Url,
    [],
    () =>
      ++attempts === 1
        ? Promise.reject(new Error("down"))
        : Promise.resolve("up"),
  );
  const plan = container.compile(Url);
  await using scope = container.createScope();
  await assertRejects(async () => await plan.create(scope), Error, "down");
  assertEquals(await plan.create(scope), "up");
});

Deno.test("create() rejects with the very error of a dependency", async () => {
  const error = new Error("no database");
  const container = new Container()
    .scoped(Url, [], () => Promise.reject(error))
    .scoped(Database)
    .scoped(UserService);
  await using scope = container.createScope();
  const plan = container.compile(ChatController);
  const thrown = await assertRejects(async () => await plan.create(scope));
  assertStrictEquals(thrown, error);
});

Deno.test("create() throws the very error of a factory that is not async", async () => {
  const error = new Error("no database");
  const container = new Container()
    .singleton(User, [], () => Promise.reject(new Error("unheard")))
    .scoped(Url, [User], (user) => user)
    .scoped(Logger, [], () => {
      throw error;
    });
  await using scope = container.createScope();
  const plan = container.compile({ deps: [Url, Logger] });
  assertStrictEquals(assertThrows(() => plan.create(scope)), error);
});

Deno.test("create() leaves services built before a failure to the scope", async () => {
  const log: string[] = [];
  const First = token<AsyncDisposable>("First");
  const container = new Container()
    .scoped(First, [], () => disposable("first", log))
    .scoped(Url, [First], () => Promise.reject(new Error("down")));
  const scope = container.createScope();
  const plan = container.compile({ deps: [First, Url] });
  await assertRejects(async () => await plan.create(scope), Error, "down");
  assertEquals(log, []);
  await scope[Symbol.asyncDispose]();
  assertEquals(log, ["first"]);
});

Deno.test("create() needs a scope for a scoped dependency", () => {
  const container = new Container({ provided: [User] });
  const plan = container.compile({ name: "handler", deps: [User] });
  assertThrows(
    () => plan.create(),
    TypeError,
    'Cannot build "handler" without a scope',
  );
});

Deno.test("create() refuses the scope of another container", async () => {
  await using scope = new Container().createScope();
  const plan = new Container().scoped(Url, [], () => "").compile(Url);
  assertThrows(
    () => plan.create(scope),
    TypeError,
    "the scope belongs to another container",
  );
  assertThrows(
    () => plan.create({} as never),
    TypeError,
    "the scope belongs to another",
  );
});

Deno.test("create() names a provided token without a value", async () => {
  const container = new Container({ provided: [User] });
  await using scope = container.createScope();
  assertThrows(
    () => container.compile({ deps: [User] }).create(scope),
    DependencyError,
    'Cannot inject "User": it is not among the values',
  );
  const plan = container.compile({ deps: [optional(User)] });
  assertEquals(await plan.create(scope), [undefined]);
});

Deno.test("isScoped is true for any depth of scoped dependencies", () => {
  const container = new Container({ provided: [User] })
    .register(Url, "pg://")
    .singleton(Logger, [], () => silent)
    .scoped(Database, [User, Url], (_, url) => new Database(url))
    .scoped(UserService);
  assertEquals(container.compile(Logger).isScoped, false);
  assertEquals(container.compile({ deps: [Url, Logger] }).isScoped, false);
  assertEquals(container.compile(User).isScoped, true);
  assertEquals(container.compile(ChatController).isScoped, true);
});

// Checks

Deno.test("compile() names the path of a token that is not registered", () => {
  const container = untyped().singleton(UserService).singleton(Database);
  const error = assertThrows(
    () => container.compile(ChatController),
    DependencyError,
    "ChatController -> UserService -> Database -> Url: not registered",
  );
  assertEquals(error.path, [
    "ChatController",
    "UserService",
    "Database",
    "Url",
  ]);
  assertThrows(
    () => untyped().compile(Logger),
    DependencyError,
    'Cannot build "Logger": Logger: not registered',
  );
});

Deno.test("compile() ignores the order of registrations", () => {
  const container = untyped()
    .singleton(UserService)
    .singleton(Database)
    .register(Url, "pg://");
  const chat = container.compile(ChatController).create() as ChatController;
  assertEquals(chat.users.database.url, "pg://");
});

Deno.test("compile() reports a cycle with its whole path", () => {
  const [A, B, C] = tokens("A", "B", "C");
  const container = untyped()
    .singleton(A, [B], () => 0)
    .singleton(B, [optional(C)], () => 0)
    .singleton(C, [A], () => 0);
  const error = assertThrows(
    () => container.compile({ name: "Chat", deps: [A] }),
    DependencyError,
    "Chat -> A -> B -> C -> A: cycle",
  );
  assertEquals(error.path, ["Chat", "A", "B", "C", "A"]);
  container.scoped(B, [B], () => 0);
  assertThrows(
    () => container.compile(B),
    DependencyError,
    'Cannot build "B": B -> B: cycle',
  );
});

Deno.test("compile() does not report two ways to one service as a cycle", async () => {
  const [Top, Left, Right] = tokens("Top", "Left", "Right");
  const container = untyped()
    .singleton(Left, [Url], (url) => `l ${url}`)
    .singleton(Right, [Url, Left], (url, left) => `r ${url} ${left}`)
    .singleton(Top, [Left, Right], (left, right) => `${left} ${right}`)
    .singleton(Url, [], () => "u");
  assertEquals(await container.compile(Top).create(), "l u r u l u");
});

Deno.test("compile() visits a service once, however many ways lead to it", () => {
  const levels = Array.from({ length: 64 }, (_, i) => token<unknown>(`${i}`));
  const container = untyped();
  let below: ServiceToken[] = [];
  for (const level of levels) {
    container.singleton(level, below, () => 0);
    below = [level, level];
  }
  assertEquals(container.compile({ deps: below }).isScoped, false);
  assertEquals(container.explain({ deps: below }).split("\n").length, 129);
});

Deno.test("compile() refuses a singleton with a scoped dependency", () => {
  const container = untyped([User])
    .singleton(UserService)
    .scoped(Database, [], () => new Database(""));
  assertThrows(
    () => container.compile(ChatController),
    DependencyError,
    "ChatController -> UserService -> Database: scoped (built for each scope), but the singleton " +
      '"UserService" would keep the first one forever; register "UserService" with scoped()',
  );
  container.singleton(UserService, [User], () => 0 as never);
  assertThrows(
    () => container.compile(ChatController),
    DependencyError,
    "ChatController -> UserService -> User: provided (given with it)",
  );
});

Deno.test("compile() finds a captive dependency that was visited before", () => {
  const container = untyped()
    .scoped(Url, [], () => "")
    .singleton(Database);
  assertThrows(
    () => container.compile({ name: "Chat", deps: [Url, Database] }),
    DependencyError,
    "Chat -> Database -> Url: scoped",
  );
});

Deno.test("compile() refuses a provided token that the scope will not have", () => {
  const Context = token<object>("Context");
  const container = new Container({ provided: [User, Context] })
    .scoped(Logger, [User], () => silent);
  const provided = [Context];
  assertThrows(
    () => container.compile({ name: "Home", deps: [Logger] }, { provided }),
    DependencyError,
    "Home -> Logger -> User: not provided here; the scope is given Context",
  );
  container.compile({ deps: [Context, optional(User)] }, { provided });
});

Deno.test("compile() refuses a class whose static inject does not fit", () => {
  class NoInject {
    constructor(_logger: Logger) {}
  }
  class Short {
    static readonly inject = [Logger];
    constructor(_logger: Logger, _url: string) {}
  }
  class Circular {
    static readonly inject = [Logger, undefined];
  }
  class Text {
    static readonly inject = ["Logger"];
  }
  class NoList {
    static readonly inject = Logger;
  }
  const cases: [ServiceToken, string][] = [
    [
      NoInject,
      '"NoInject": its constructor takes parameters (1); write static readonly inject = [...] as const with their tokens',
    ],
    [
      Short,
      '"Short": inject[1] is missing: the constructor takes 2 parameters',
    ],
    [
      Circular,
      '"Circular": inject[1] must be a token, a class or optional(), not undefined (is its',
    ],
    [
      Text,
      '"Text": inject[0] must be a token, a class or optional(), not "Logger"',
    ],
    [
      NoList,
      '"NoList": static inject must be a list of tokens, not symbol',
    ],
  ];
  for (const [Class, text] of cases) {
    const container = untyped().register(Logger, silent);
    for (
      const use of [
        () => container.compile(Class),
        () => container.singleton(Class as typeof Short),
        () => container.scoped(Logger, Class as never),
      ]
    ) assertThrows(use, TypeError, `Cannot inject into ${text}`);
  }
});

Deno.test("compile() accepts a class with a static member named optional", () => {
  class Odd {
    static readonly optional = true;
  }
  const container = new Container().singleton(Odd);
  const odd = container.compile({ deps: [Odd] }).create();
  assertInstanceOf((odd as [Odd])[0], Odd);
});

Deno.test("register(), singleton() and scoped() refuse arguments of the wrong kind", () => {
  const container = untyped();
  assertThrows(
    () => container.register("Logger" as never, silent as never),
    TypeError,
    'Cannot use "Logger" as a token',
  );
  assertThrows(
    () => container.singleton(Logger, [], undefined as never),
    TypeError,
    'Cannot register "Logger": its factory must be a function, not undefined',
  );
  assertThrows(
    () => container.scoped(Logger, Url as never, () => silent),
    TypeError,
    'Cannot inject into "Logger": deps must be a list of tokens, not symbol',
  );
  assertThrows(
    () => container.singleton(Logger as never),
    TypeError,
    'Cannot register "Logger": the token needs a class or a factory after it',
  );
  assertThrows(
    () => container.scoped(Logger, [Url] as never),
    TypeError,
    'Cannot register "Logger": the token needs a class or a factory after it',
  );
  class Console {}
  assertThrows(
    () => container.singleton(Logger, [], Console as never),
    TypeError,
    'Cannot register "Logger": its factory is a class; write (logger) => new Console(logger)',
  );
  for (const factory of [undefined, "Console"]) {
    assertThrows(
      () => container.singleton(Logger, factory as never),
      TypeError,
      `Cannot register "Logger": its factory must be a function, not ${typeof factory}`,
    );
  }
  assertThrows(
    () => container.singleton(Logger, ((_url: string) => silent) as never),
    TypeError,
    'Cannot register "Logger": its factory takes more services (1) than the list before it has (0)',
  );
  for (
    const use of [
      () => untyped([undefined as never]),
      () => container.singleton(undefined as never),
      () => container.scoped<ServiceToken, []>(undefined as never, [], () => 0),
    ]
  ) assertThrows(use, TypeError, "Cannot use undefined as a token");
});

Deno.test("singleton() and compile() refuse a plain function in place of a class", () => {
  const container = untyped();
  for (
    const use of [
      () => container.singleton((() => silent) as never),
      () => container.compile({ run() {} }.run as never),
    ]
  ) assertThrows(use, TypeError, "it is a plain function and must be a class");
});

Deno.test("singleton() and scoped() take a factory without dependencies", async () => {
  const Quiz = token<{ readonly id: number }>("Quiz");
  let built = 0;
  const factories: (() => { id: number } | Promise<{ id: number }>)[] = [
    () => ({ id: ++built }),
    async () => await Promise.resolve({ id: ++built }),
    function build() {
      return { id: ++built };
    },
    (function build() {
      return { id: ++built };
    }).bind(undefined),
  ];
  for (const factory of factories) {
    built = 0;
    const once = new Container().singleton(Quiz, factory).compile(Quiz);
    assertEquals(await once.create(), await once.create());
    assertEquals(built, 1);
    const container = new Container().scoped(Quiz, factory);
    const plan = container.compile(Quiz);
    await using first = container.createScope();
    await using second = container.createScope();
    assertEquals(await plan.create(first), { id: 2 });
    assertEquals(await plan.create(second), { id: 3 });
  }
  // A function that returns no object would be lost by `new`.
  const Port = token<number>("Port");
  const ports = new Container().singleton(Port, function read() {
    return 80;
  });
  assertEquals(await ports.compile(Port).create(), 80);
});

Deno.test("singleton() and scoped() take the services of a class as a list", async () => {
  class Player {
    constructor(readonly url: string, readonly logger: Logger) {}
  }
  class Foreign extends Player {
    static readonly inject = [Url] as const;
  }
  const container = new Container()
    .register(Url, "pg://")
    .register(Logger, silent)
    .singleton(Player, [Url, Logger])
    // The list counts, not the `static inject` of the class.
    .scoped(Foreign, [Url, Logger]);
  const player = await container.compile(Player).create();
  assertInstanceOf(player, Player);
  assertEquals(player.url, "pg://");
  assertStrictEquals(player.logger, silent);
  await using scope = container.createScope();
  const foreign = await container.compile(Foreign).create(scope);
  assertStrictEquals(foreign.logger, silent);
  assertThrows(
    () => untyped().singleton(Player, [Url] as never),
    TypeError,
    'Cannot inject into "Player": deps[1] is missing: the constructor takes 2 parameters',
  );
});

Deno.test("singleton() takes a class of ES5 as an implementation", async () => {
  function Legacy(this: { text: string }) {
    this.text = "built";
  }
  Legacy.prototype.read = function (this: { text: string }) {
    return this.text;
  };
  const Text = token<{ read(): string }>("Text");
  const container = untyped().singleton(Text, Legacy as never);
  const text = await container.compile(Text).create();
  assertEquals((text as { read(): string }).read(), "built");
});

Deno.test("compile() names a class despite its static members", () => {
  class Odd {
    static readonly name = 1;
    static readonly inject = [Logger] as const;
  }
  assertThrows(
    () => untyped().compile(Odd),
    DependencyError,
    "(unnamed) -> Logger: not registered",
  );
  assertThrows(
    () => untyped().compile(Symbol() as ServiceToken),
    DependencyError,
    'Cannot build "(unnamed)": (unnamed): not registered',
  );
});

Deno.test("compile() builds a class as it is registered later", () => {
  const container = untyped();
  const plan = container.compile(Plain);
  assertEquals(plan.isScoped, false);
  container.scoped(Plain, [], () => new Plain());
  assertEquals(plan.isScoped, true);
  container.register(Plain, plain);
  assertStrictEquals(plan.create(), plain);
});

Deno.test("register() replaces an earlier registration", () => {
  const container = new Container().register(Url, "a").register(Url, "b");
  const plan = container.compile(Url);
  container.register(Url, "c");
  assertEquals(plan.create(), "c");
});

Deno.test("compile() allows other registrations until the first use", async () => {
  const container = new Container({ provided: [User] }).register(Url, "a");
  const plan = container.compile(Database);
  assertEquals(plan.isScoped, false);
  container.scoped(Url, [User], (user) => user);
  assertEquals(plan.isScoped, true);
  await using scope = container.createScope(new Map([[User, "k"]]));
  assertEquals((await plan.create(scope)).url, "k");
});

Deno.test("create() checks registrations made after compile()", () => {
  const container = untyped().register(Url, "a");
  const plan = container.compile(Database);
  container.singleton(Url, [User], () => "b");
  assertThrows(
    () => plan.create(),
    DependencyError,
    "Database -> Url -> User: not registered",
  );
});

Deno.test("register() refuses to replace a registration in use", () => {
  const container = new Container().register(Url, "a").singleton(Database);
  container.compile({ name: "Chat", deps: [Database, optional(User)] })
    .create();
  assertThrows(
    () => container.register(Url, "b"),
    DependencyError,
    'Cannot register "Url": "Database" already uses an earlier registration',
  );
  assertThrows(
    () => container.register(User, "b"),
    DependencyError,
    'Cannot register "User": "Chat" already uses',
  );
  container.register(Logger, silent);
});

// Disposal

Deno.test("scope disposes its services in reverse order of creation", async () => {
  const log: string[] = [];
  const [A, B, C] = tokens("A", "B", "C");
  class Controller {
    static readonly inject = [A, B] as const;
    [Symbol.dispose](): void {
      log.push("controller");
    }
  }
  const container = untyped()
    .scoped(A, [B], () => disposable("a", log))
    .scoped(B, [C], () => Promise.resolve(disposable("b", log)))
    .singleton(C, [], () => disposable("c", log));
  const scope = container.createScope();
  await container.compile(Controller).create(scope);
  assertEquals(scope.isDisposed, false);
  await scope[Symbol.asyncDispose]();
  assertEquals(scope.isDisposed, true);
  assertEquals(log, ["controller", "a", "b"]);
  await container[Symbol.asyncDispose]();
  assertEquals(log, ["controller", "a", "b", "c"]);
});

Deno.test("scope awaits each disposal before the next", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const [A, B] = tokens("A", "B");
  const container = untyped()
    .scoped(A, [], () => disposable("a", log))
    .scoped(B, [], () => ({
      async [Symbol.asyncDispose]() {
        log.push("b starts");
        await gate.promise;
        log.push("b ends");
      },
    }));
  const scope = container.createScope();
  await container.compile({ deps: [A, B] }).create(scope);
  const disposal = scope[Symbol.asyncDispose]();
  assertEquals(log, ["b starts"]);
  gate.resolve();
  await disposal;
  assertEquals(log, ["b starts", "b ends", "a"]);
});

Deno.test("scope disposes neither provided services nor registered values", async () => {
  const log: string[] = [];
  const [Given, Value, Alias] = tokens("Given", "Value", "Alias");
  const container = untyped([Given])
    .register(Value, disposable("value", log))
    .scoped(Alias, [Value], (value) => value);
  const plan = container.compile({ deps: [Given, Value, Alias] });
  {
    const given = disposable("given", log);
    await using scope = container.createScope(new Map([[Given, given]]));
    await plan.create(scope);
  }
  await container[Symbol.asyncDispose]();
  assertEquals(log, []);
});

Deno.test("scope awaits an async [Symbol.dispose], and reports its failure", async () => {
  const [Late] = tokens("Late");
  const container = untyped().scoped(Late, [], () => ({
    // By a program that should have used [Symbol.asyncDispose].
    async [Symbol.dispose]() {
      await Promise.resolve();
      throw new Error("too late");
    },
  }));
  const scope = container.createScope();
  await container.compile({ deps: [Late] }).create(scope);
  await assertRejects(
    async () => await scope[Symbol.asyncDispose](),
    Error,
    "too late",
  );
});

Deno.test("scope ignores a second disposal", async () => {
  const log: string[] = [];
  const [A] = tokens("A");
  const container = untyped().scoped(A, [], () => disposable("a", log));
  const scope = container.createScope();
  await container.compile(A).create(scope);
  await scope[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
  assertEquals(log, ["a"]);
});

Deno.test("scope tries every disposal and reports all errors", async () => {
  const log: string[] = [];
  const errors = [new Error("a"), new Error("b")] as const;
  const [A, B, C] = tokens("A", "B", "C");
  const container = untyped()
    .scoped(A, [], () => failing(errors[0]))
    .scoped(B, [], () => disposable("b", log))
    .scoped(C, [], () => failing(errors[1]));
  const scope = container.createScope();
  await container.compile({ deps: [A, B, C] }).create(scope);
  const thrown = await assertRejects(() => scope[Symbol.asyncDispose]());
  assertInstanceOf(thrown, SuppressedError);
  assertStrictEquals(thrown.error, errors[0]);
  assertStrictEquals(thrown.suppressed, errors[1]);
  assertEquals(log, ["b"]);
});

Deno.test("scope rejects with a single error as it is", async () => {
  const error = new Error("a");
  const [A] = tokens("A");
  const container = untyped().scoped(A, [], () => failing(error));
  const scope = container.createScope();
  await container.compile(A).create(scope);
  const thrown = await assertRejects(() => scope[Symbol.asyncDispose]());
  assertStrictEquals(thrown, error);
});

Deno.test("scope disposes at once a service that is built after its end", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<AsyncDisposable>();
  const [A] = tokens("A");
  const container = untyped().scoped(A, [], () => gate.promise);
  const scope = container.createScope();
  const pending = container.compile(A).create(scope);
  await scope[Symbol.asyncDispose]();
  assertEquals(log, []);
  gate.resolve(disposable("a", log));
  await assertRejects(
    async () => await pending,
    DependencyError,
    'Cannot build "A": its scope is disposed',
  );
  assertEquals(log, ["a"]);
});

Deno.test("scope disposes the service of a factory that disposed the scope", async () => {
  const log: string[] = [];
  const [A] = tokens("A");
  const container = untyped().scoped(A, [], () => {
    void scope[Symbol.asyncDispose]();
    return disposable("a", log);
  });
  const scope = container.createScope();
  await assertRejects(
    async () => await container.compile(A).create(scope),
    DependencyError,
    'Cannot build "A": its scope is disposed',
  );
  assertEquals(log, ["a"]);
});

Deno.test("create() reports why the disposal of a late service failed", async () => {
  const error = new Error("a");
  const gate = Promise.withResolvers<Disposable>();
  const [A] = tokens("A");
  const container = untyped().scoped(A, [], () => gate.promise);
  const scope = container.createScope();
  const pending = container.compile(A).create(scope);
  await scope[Symbol.asyncDispose]();
  gate.resolve(failing(error));
  const thrown = await assertRejects(async () => await pending);
  assertStrictEquals((thrown as Error).cause, error);
});

Deno.test("create() builds nothing more once the scope is disposed", async () => {
  let built = 0;
  const gate = Promise.withResolvers<string>();
  const container = new Container()
    .singleton(Url, [], () => gate.promise)
    .scoped(Database, [Url], (url) => {
      built++;
      return new Database(url);
    });
  const scope = container.createScope();
  const pending = container.compile(Database).create(scope);
  await scope[Symbol.asyncDispose]();
  gate.resolve("pg://");
  await assertRejects(
    async () => await pending,
    DependencyError,
    'Cannot build "Database": its scope is disposed',
  );
  assertEquals(built, 0);
});

Deno.test("create() names the class that it cannot build once the scope is disposed", async () => {
  const gate = Promise.withResolvers<string>();
  class Page {
    static readonly inject = [Url] as const;
    constructor(readonly url: string) {}
  }
  const container = new Container().singleton(Url, [], () => gate.promise);
  const scope = container.createScope();
  const pending = container.compile(Page).create(scope);
  await scope[Symbol.asyncDispose]();
  gate.resolve("pg://");
  const error = await assertRejects(async () => await pending, DependencyError);
  assertEquals(error.path, ["Page"]);
  assertEquals(error.message, 'Cannot build "Page": its scope is disposed');
});

Deno.test("create() refuses services of a disposed scope", async () => {
  const container = new Container().scoped(Url, [], () => "pg://");
  const plan = container.compile(Url);
  const scope = container.createScope();
  assertEquals(plan.create(scope), "pg://");
  await scope[Symbol.asyncDispose]();
  assertThrows(
    () => plan.create(scope),
    DependencyError,
    'Cannot build "Url": its scope is disposed',
  );
});

Deno.test("container disposes its singletons in reverse order of creation", async () => {
  const log: string[] = [];
  const [A, B, Unused] = tokens("A", "B", "Unused");
  const container = untyped()
    .singleton(A, [B], () => disposable("a", log))
    .singleton(B, [], () => disposable("b", log))
    .singleton(Unused, [], () => disposable("unused", log));
  class Shared {
    [Symbol.dispose](): void {
      log.push("shared");
    }
  }
  await container.compile(A).create();
  await container.compile(Shared).create();
  await container[Symbol.asyncDispose]();
  await container[Symbol.asyncDispose]();
  assertEquals(log, ["shared", "a", "b"]);
});

Deno.test("container ignores a concurrent second disposal", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const [A, B] = tokens("A", "B");
  const parent = untyped().singleton(A, [], () => disposable("parent", log));
  const child = parent.createChild();
  child.singleton(B, [A], () => ({
    [Symbol.asyncDispose]: () => gate.promise.then(() => log.push("child")),
  }));
  await child.compile(B).create();
  const first = parent[Symbol.asyncDispose]();
  await parent[Symbol.asyncDispose]();
  assertEquals(log, []);
  gate.resolve();
  await first;
  assertEquals(log, ["child", "parent"]);
});

Deno.test("container disposes at once a service that is built after its end", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<AsyncDisposable>();
  const [A] = tokens("A");
  const container = untyped().singleton(A, [], () => gate.promise);
  const plan = container.compile(A);
  const pending = plan.create();
  await container[Symbol.asyncDispose]();
  gate.resolve(disposable("a", log));
  await assertRejects(
    async () => await pending,
    DependencyError,
    'Cannot build "A": its container is disposed',
  );
  assertEquals(log, ["a"]);
});

Deno.test("container builds nothing once it is disposed", async () => {
  const container = new Container().register(Url, "a");
  const plan = container.compile(Url);
  await container[Symbol.asyncDispose]();
  assertThrows(() => plan.create(), DependencyError, "container is disposed");
  assertThrows(
    () => container.createScope(),
    DependencyError,
    "Cannot create a scope: the container is disposed",
  );
});

// Child containers

Deno.test("createChild() inherits registrations, later ones included", () => {
  const parent = new Container();
  const child = parent.createChild();
  parent.register(Url, "parent");
  const untypedChild = child as unknown as Container<typeof Url>;
  assertEquals(untypedChild.compile(Url).create(), "parent");
});

Deno.test("createChild() has its plans see later registrations of the parent", () => {
  const parent = new Container({ provided: [User] }).register(Url, "a");
  const plan = parent.createChild().compile(Database);
  assertEquals(plan.isScoped, false);
  parent.scoped(Url, [User], (user) => user);
  assertEquals(plan.isScoped, true);
});

Deno.test("createChild() may add a dependency that a scoped service of the parent lacks", async () => {
  const parent = untyped().scoped(Database);
  const child = parent.createChild().register(Url, "child");
  await using scope = child.createScope();
  const plan = child.compile(Database);
  assertEquals(await plan.create(scope), new Database("child"));
  assertThrows(() => parent.compile(Database), DependencyError);
});

Deno.test("createChild() shares the singletons of the parent", () => {
  const parent = new Container().register(Url, "parent").singleton(Database);
  const child = parent.createChild().register(Url, "child");
  const shared = child.compile(Database).create();
  assertStrictEquals(shared, parent.compile(Database).create());
  assertEquals((shared as Database).url, "parent");
  const other = parent.createChild().compile(Database).create();
  assertStrictEquals(other, shared);
});

Deno.test("createChild() has scoped services see the registrations of the child", async () => {
  const parent = new Container().register(Url, "parent").scoped(Database);
  const child = parent.createChild().register(Url, "child");
  await using inner = child.createScope();
  await using outer = parent.createScope();
  assertEquals((await child.compile(Database).create(inner)).url, "child");
  assertEquals((await parent.compile(Database).create(outer)).url, "parent");
});

Deno.test("createChild() can have singletons of its own", async () => {
  const log: string[] = [];
  const [A, B] = tokens("A", "B");
  const parent = untyped().singleton(A, [], () => disposable("parent", log));
  const child = parent.createChild();
  child.singleton(B, [A], () => disposable("child", log));
  await child.compile(B).create();
  await child[Symbol.asyncDispose]();
  assertEquals(log, ["child"]);
  await parent[Symbol.asyncDispose]();
  assertEquals(log, ["child", "parent"]);
});

Deno.test("createChild() is disposed with its parent, and before it", async () => {
  const log: string[] = [];
  const [A, B] = tokens("A", "B");
  const parent = untyped().singleton(A, [], () => disposable("parent", log));
  const child = parent.createChild();
  child.singleton(B, [A], () => disposable("child", log));
  const plan = child.compile(B);
  await plan.create();
  await parent[Symbol.asyncDispose]();
  assertEquals(log, ["child", "parent"]);
  assertThrows(() => plan.create(), DependencyError, "container is disposed");
});

Deno.test("createChild() may decorate a service of the parent", async () => {
  const [A, B] = tokens("A", "B");
  const parent = untyped()
    .register(A, "a")
    .singleton(B, [A], (a) => `parent ${a}`);
  const child = parent.createChild();
  child.singleton(A, [B], (b) => `child ${b}`);
  assertEquals(await child.compile(A).create(), "child parent a");
});

Deno.test("createChild() provides the tokens of the parent, and more", async () => {
  const Room = token<string, "Room">("Room");
  const parent = new Container({ provided: [User] });
  const child = parent.createChild({ provided: [Room] });
  const values = new Map<ServiceToken, string>([[User, "k"], [Room, "r"]]);
  await using scope = child.createScope(values);
  const plan = child.compile({ deps: [User, Room] });
  assertEquals(plan.isScoped, true);
  assertEquals(await plan.create(scope), ["k", "r"]);
});

Deno.test("compile() says that a parent does not see the registrations of its child", () => {
  const parent = untyped().singleton(Database);
  const child = parent.createChild().register(Url, "child");
  assertThrows(
    () => child.compile(UserService),
    DependencyError,
    "UserService -> Database -> Url: not registered in the parent container",
  );
});

Deno.test("register() refuses to replace a registration that a child uses", () => {
  const parent = new Container().register(Url, "a").scoped(Database);
  const child = parent.createChild();
  child.compile({ name: "Chat", deps: [Url] }).create();
  const scope = child.createScope();
  child.compile({ name: "Home", deps: [Database] }).create(scope);
  assertThrows(() => parent.scoped(Database), DependencyError, '"Home"');
  assertThrows(() => parent.register(Url, "b"), DependencyError, '"Chat"');
  assertThrows(() => child.register(Url, "b"), DependencyError, '"Chat"');
  parent.createChild().register(Url, "b");
});

// Drawings

Deno.test("graph() lists each registration in force", () => {
  const parent = new Container({ provided: [User] })
    .register(Url, "pg://")
    .singleton(Database);
  const child = parent.createChild()
    .scoped(Logger, [User, optional(Database)], () => silent)
    .scoped(Url, [User], (user) => user);
  assertEquals(child.graph(), [
    { name: "User", kind: "provided", deps: [] },
    { name: "Url", kind: "scoped", deps: ["User"] },
    { name: "Database", kind: "singleton", deps: ["Url"] },
    { name: "Logger", kind: "scoped", deps: ["User", "Database?"] },
  ]);
  assertEquals(parent.graph().length, 3);
});

Deno.test("explain() draws the tree, with missing services and cycles", () => {
  const [A, B, C] = tokens("A", "B", "C");
  class Chat {
    static readonly inject = [User, A, Database, optional(C), User] as const;
  }
  const container = untyped([User])
    .singleton(A, [B, Database], () => 0)
    .singleton(B, [A], () => 0)
    .singleton(Database);
  assertEquals(
    container.explain(Chat),
    `Chat
├── User (provided)
├── A (singleton)
│   ├── B (singleton)
│   │   └── A (singleton, cycle)
│   └── Database (singleton)
│       └── Url (not registered)
├── Database (singleton, see above)
├── C (optional, not registered)
└── User (provided)`,
  );
  assertEquals(container.explain(User), "User (provided)");
});

Deno.test("Container.override() puts a value in place of each kind of service, whatever was compiled", async () => {
  const Value = token<string, "Value">("Value");
  const Single = token<string, "Single">("Single");
  const Scoped = token<{ name: string }, "Scoped">("Scoped");
  const container = new Container()
    .register(Value, "value")
    .singleton(Single, [Value], (value) => `single of ${value}`)
    .scoped(Scoped, [Single], (single) => ({ name: `scoped of ${single}` }));
  const plan = container.compile({ deps: [Value, Single, Scoped] });
  let disposed = 0;
  const fake = { name: "fake", [Symbol.dispose]: () => void disposed++ };
  assertStrictEquals(container.override(Single, "one"), container);
  container.override(Value, "other").override(Scoped, fake);
  container.override(Value, "another");
  // It is still built for each scope, for those that depend on it.
  assertEquals(plan.isScoped, true);
  for (let i = 0; i < 2; i++) {
    await using scope = container.createScope();
    assertEquals(await plan.create(scope), ["another", "one", fake]);
  }
  await container[Symbol.asyncDispose]();
  assertEquals(disposed, 0);
});

Deno.test("Container.override() refuses what would have no effect", async () => {
  const Missing = token<string, "Missing">("Missing");
  const User = token<string, "User">("User");
  const Url = token<string, "Url">("Url");
  class Database {
    static readonly inject = [Url] as const;
    constructor(readonly url: string) {}
  }
  const container = new Container({ provided: [User] })
    .register(Url, "pg://").singleton(Database);
  assertThrows(
    () => container.override(Missing as never, "x" as never),
    DependencyError,
    'Cannot override "Missing": it is not registered, so nothing would be given the value',
  );
  assertThrows(
    () => container.override(User, "x"),
    DependencyError,
    'Cannot override "User": each request or connection has one of its own',
  );
  assertThrows(
    () => container.override("Url" as never, "x" as never),
    TypeError,
    'Cannot use "Url" as a token',
  );
  await container.compile(Database).create();
  assertThrows(
    () => container.override(Url, "x"),
    DependencyError,
    'Cannot override "Url": "Database" uses it already; override before the first request or connection',
  );
});

Deno.test("Container.override() of a child changes the container that has the service", async () => {
  const Url = token<string>("Url");
  class Database {
    static readonly inject = [Url] as const;
    constructor(readonly url: string) {}
  }
  const container = new Container().register(Url, "pg://").singleton(Database);
  const child = container.createChild();
  child.override(Url, "fake://");
  assertEquals((await child.compile(Database).create()).url, "fake://");
  assertThrows(
    () => container.createChild().override(Url, "x"),
    DependencyError,
    '"Database" uses it already',
  );
});
