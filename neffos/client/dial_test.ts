/** What `dial()` does with its URL and options, and what it says when it fails. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  dial,
  type DialAttempt,
  DialError,
  type DialOptions,
} from "../client.ts";
import { MemoryServer } from "../harness/mod.ts";
import {
  AskTimeoutError,
  CloseError,
  EventError,
  hideSecrets,
} from "../protocol/errors.ts";
import { socketPair } from "../transport/socket.ts";
import { resolveURL } from "./dial.ts";

const HANDLER = { onHi() {} };

/** Fails to dial, and returns the error. */
async function fail(
  url: Parameters<typeof dial>[0],
  options: DialOptions = {},
): Promise<DialError> {
  const error = await assertRejects(() => dial(url, HANDLER, options));
  assertInstanceOf(error, DialError, String(error));
  return error;
}

/** Answers every request with a status. */
function serveStatus(status: number): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(null, { status, headers: { location: "/" } }),
  );
}

/** A port where nobody listens. */
function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

Deno.test("DialError tells the status of a server that opens no WebSocket", async () => {
  for (const status of [200, 302, 401, 403, 404, 405, 426, 500, 503]) {
    await using server = serveStatus(status);
    const url = `ws://127.0.0.1:${server.addr.port}/chat`;
    const error = await fail(url);
    assertEquals(error.status, status);
    assertEquals([error.code, error.reason], [1006, ""]);
    assertEquals(
      error.message,
      `Cannot dial "${url}": the server answered ${status} instead of opening a WebSocket`,
    );
    assertInstanceOf(error.cause, Error);
  }
});

Deno.test("DialError tells the cause where no server answers", async (t) => {
  await t.step("nobody listens", async () => {
    const error = await fail(`ws://127.0.0.1:${freePort()}/`);
    assertStringIncludes(error.message, "tcp connect error");
    assertEquals(error.status, undefined);
    assertInstanceOf(error.cause, Error);
  });
  await t.step("no such host", async () => {
    const error = await fail("no-such-host.invalid/chat");
    assertEquals(error.url, "ws://no-such-host.invalid/chat");
    assertStringIncludes(error.message, "dns error");
  });
  await t.step("TLS to a server without it", async () => {
    await using server = serveStatus(200);
    const error = await fail(`wss://127.0.0.1:${server.addr.port}/`);
    assertStringIncludes(error.message, "no WebSocket could be opened (");
  });
  await t.step("the server closes at once", async () => {
    using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    listener.accept().then((tcp) => tcp.close());
    const error = await fail(`ws://127.0.0.1:${listener.addr.port}/`);
    assertInstanceOf(error.cause, Error);
  });
  await t.step("a subprotocol that is none", async () => {
    const error = await fail("ws://127.0.0.1/", { protocols: "a b" });
    assertStringIncludes(error.message, "cannot open a WebSocket");
    assertEquals((error.cause as Error).name, "SyntaxError");
  });
});

Deno.test("DialError tells the code of a connection that the server closes before it accepts", async () => {
  for (
    const [code, reason, text] of [
      [1013, "later", 'code 1013 and the reason "later" before the server'],
      [4500, "", "code 4500 before the server accepted it"],
    ] as const
  ) {
    const [left, right] = socketPair();
    right.listen({
      open() {},
      message: () => right.close(code, reason),
      close() {},
    });
    const error = await fail("memory", { transport: () => left });
    assertEquals([error.code, error.reason], [code, reason]);
    assertStringIncludes(error.message, text);
  }
});

Deno.test("DialError has a frame of the caller of dial()", async () => {
  async function callsDial(url: string, options?: DialOptions) {
    // Not awaited here: the engine's own async stack would end in `dial`.
    const dialling = dial(url, HANDLER, options);
    await Promise.allSettled([dialling]);
    return dialling.catch((error: Error) => error);
  }
  await using memory = new MemoryServer({ "": HANDLER }, {
    onConnect() {
      throw new EventError("go away");
    },
  });
  const silent = () => socketPair()[0];
  const errors = await Promise.all([
    callsDial(`ws://127.0.0.1:${freePort()}/`),
    callsDial("memory", { transport: silent, timeout: 1 }),
    callsDial("memory", { transport: () => memory.connect() }),
  ]);
  for (const error of errors) {
    assertInstanceOf(error, Error);
    assertStringIncludes(error.stack!, "callsDial");
    assert(error.stack!.startsWith(`${error.name}: ${error.message}`));
  }
});

Deno.test("DialError shows nothing of a URL that may be secret", async () => {
  const port = freePort();
  const url = `ws://me:pass@127.0.0.1:${port}/chat?token=secret&a=b#part`;
  const error = await fail(url, {
    WebSocket: WebSocket,
    headers: { authorization: "Bearer secret" },
  });
  assertEquals(error.url, `ws://127.0.0.1:${port}/chat?…`);
  const text = Deno.inspect(error);
  for (const secret of ["secret", "me:", "pass", "part"]) {
    assert(!text.includes(secret), text);
  }
});

Deno.test("hideSecrets() leaves out users, queries and fragments", () => {
  const cases = {
    "ws://a.example/x": "ws://a.example/x",
    "ws://u:p@a.example:1/x?y=z#w": "ws://a.example:1/x?…",
    "u:p@a.example/x": "a.example/x",
    "ws://a.example/x@y?z@w": "ws://a.example/x@y?…",
    "ws://u:p@q@a.example/": "ws://a.example/",
    "/x?y\nz": "/x?…",
    "x#y?z": "x",
  };
  for (const [url, shown] of Object.entries(cases)) {
    assertEquals(hideSecrets(url), shown);
  }
});

Deno.test("dial() gives up after its time limit, and when its signal aborts", async () => {
  const silent = () => socketPair()[0];
  const error = await fail("x", { transport: silent, timeout: 5 });
  assertEquals(
    error.message,
    'Cannot dial "x": the server did not accept within 5 ms',
  );
  assertInstanceOf(error.cause, AskTimeoutError);
  const controller = new AbortController();
  const { signal } = controller;
  const dialling = dial("x", HANDLER, { transport: silent, signal });
  const reason = new Error("changed my mind");
  controller.abort(reason);
  assertEquals(await assertRejects(() => dialling), reason);
  const again = dial("x", HANDLER, { transport: silent, signal });
  assertEquals(await assertRejects(() => again), reason);
});

Deno.test("dial() rejects with the server's own error where that refuses", async () => {
  for (const refusal of [new EventError("no"), new CloseError(4500, "no")]) {
    await using memory = new MemoryServer({ "": HANDLER }, {
      onConnect() {
        throw refusal;
      },
    });
    const error = await assertRejects(
      () => memory.dial(HANDLER),
      EventError,
      "no",
    );
    assert(!(error instanceof DialError));
  }
});

Deno.test("dial() rejects a URL that is none with a TypeError", async () => {
  for (
    const url of ["ws://", "ftp://a.example", "/path", "ws://u:p@:x", "a b"]
  ) {
    const error = await assertRejects(() => dial(url, HANDLER), TypeError);
    assertStringIncludes(error.message, `Cannot dial "`);
    assert(!error.message.includes("u:p"));
  }
  for (const url of [5, null, {}]) {
    await assertRejects(
      () => dial(url as string, HANDLER),
      TypeError,
      "it must be a string or a URL",
    );
  }
});

Deno.test("dial() says what to give where the platform has no WebSocket", async () => {
  const { WebSocket } = globalThis;
  try {
    Reflect.deleteProperty(globalThis, "WebSocket");
    await assertRejects(
      () => dial("ws://a.example", HANDLER),
      TypeError,
      "give a class as the option `WebSocket`, such as that of the package `ws`",
    );
  } finally {
    Object.assign(globalThis, { WebSocket });
  }
});

Deno.test("resolveURL() understands URLs as people write them", () => {
  const page = "https://example.com/app/index.html";
  const resolve = (url: string, base?: string) => resolveURL(url, base).href;
  assertEquals(resolve("ws://a.example/x"), "ws://a.example/x");
  assertEquals(resolve("http://a.example/x#y"), "ws://a.example/x");
  assertEquals(resolve("HTTPS://a.example"), "wss://a.example/");
  assertEquals(resolve("localhost:8080/echo"), "ws://localhost:8080/echo");
  assertEquals(resolve("/echo?a", page), "wss://example.com/echo?a");
  assertEquals(resolve("./echo", page), "wss://example.com/app/echo");
  assertEquals(resolve("../echo", page), "wss://example.com/echo");
  assertEquals(resolve("?a", page), "wss://example.com/app/index.html?a");
  assertEquals(resolve("//b.example/x", page), "wss://b.example/x");
  assertThrows(
    () => resolve("/echo"),
    TypeError,
    "a path without a host is a URL only in a page",
  );
  assertThrows(() => resolve("ftp://a.example"), TypeError, "the scheme must");
  assertThrows(() => resolve("ws://"), TypeError, "it is not a URL");
});

Deno.test("resolveURL() resolves by the <base> of a page, else by its location", () => {
  const page = globalThis as { document?: unknown; location?: unknown };
  const location = Object.getOwnPropertyDescriptor(globalThis, "location")!;
  try {
    Object.defineProperty(globalThis, "location", {
      configurable: true,
      value: { href: "http://page.example/a/b" },
    });
    assertEquals(resolveURL("./ws").href, "ws://page.example/a/ws");
    Object.defineProperty(globalThis, "location", {
      configurable: true,
      value: {
        href: "blob:http://page.example/1",
        origin: "http://page.example",
      },
    });
    assertEquals(resolveURL("./ws").href, "ws://page.example/ws");
    page.document = { baseURI: "https://base.example/c/" };
    assertEquals(resolveURL("./ws").href, "wss://base.example/c/ws");
    assertEquals(resolveURL("/ws").href, "wss://base.example/ws");
  } finally {
    delete page.document;
    Object.defineProperty(globalThis, "location", location);
  }
});

Deno.test("dial() calls the functions given as URL and headers for each attempt", async () => {
  await using memory = new MemoryServer({ "": HANDLER });
  const seen: unknown[] = [];
  const back = Promise.withResolvers<void>();
  let isAway = false;
  await using client = await dial(
    ({ tries }) => {
      seen.push(`url ${tries}`);
      return Promise.resolve(new URL(`ws://memory.test/${tries}`));
    },
    HANDLER,
    {
      headers({ tries, signal }) {
        seen.push(`headers ${tries} ${signal.aborted}`);
        if (tries === 1) throw new EventError("no token");
        if (tries === 2) return Promise.reject(new Error("no token"));
        return { authorization: `Bearer ${tries}` };
      },
      reconnect: { initialDelay: 0 },
      transport(url) {
        seen.push(url);
        const socket = memory.connect();
        if (!isAway) queueMicrotask(() => isAway = true);
        return socket;
      },
      onReconnect: () => back.resolve(),
    },
  );
  memory.server.connections[0]!.close(1012);
  await back.promise;
  assertEquals(seen, [
    "url 0",
    "headers 0 false",
    "ws://memory.test/0",
    "url 1",
    "headers 1 false",
    "url 2",
    "headers 2 false",
    "url 3",
    "headers 3 false",
    "ws://memory.test/3",
  ]);
  assertEquals(client.conn.reconnectTries, 3);
});

Deno.test("dial() rejects with what the functions given as URL and headers throw", async () => {
  const transport = () => socketPair()[0];
  const failure = new Error("no token");
  const throws = (): never => {
    throw failure;
  };
  const rejects = () => Promise.reject(failure);
  for (const give of [throws, rejects]) {
    const errors = [
      await assertRejects(() => dial(give, HANDLER, { transport })),
      await assertRejects(() =>
        dial("memory", HANDLER, { transport, headers: give })
      ),
    ];
    assertEquals(errors, [failure, failure]);
  }
  await assertRejects(
    () => dial(() => 5 as unknown as string, HANDLER),
    TypeError,
    "it must be a string or a URL",
  );
});

Deno.test("dial() ends an attempt whose functions do not end", async () => {
  let last: DialAttempt | undefined;
  const hangs = (attempt: DialAttempt) => {
    last = attempt;
    return new Promise<never>(() => {});
  };
  for (const [url, headers] of [[hangs], ["x", hangs]] as const) {
    const error = await fail(url, { ...(headers && { headers }), timeout: 5 });
    assertStringIncludes(
      error.message,
      "the functions for its URL and headers did not end within 5 ms",
    );
    assert(last!.signal.aborted);
  }
  const controller = new AbortController();
  const { signal } = controller;
  const dialling = dial("memory", HANDLER, { headers: hangs, signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => dialling, Error, "enough");
  assert(last!.signal.aborted);
});

Deno.test("Client.close() ends an attempt whose functions do not end", async () => {
  await using memory = new MemoryServer({ "": HANDLER });
  const asked = Promise.withResolvers<DialAttempt>();
  const client = await dial("memory", HANDLER, {
    transport: () => memory.connect(),
    headers(attempt) {
      if (attempt.tries === 0) return undefined;
      asked.resolve(attempt);
      return new Promise<never>(() => {});
    },
    reconnect: { initialDelay: 0 },
  });
  memory.server.connections[0]!.close(1012);
  const attempt = await asked.promise;
  await client.close(4_123, "enough");
  assert(attempt.signal.aborted);
  assertEquals(await client.closed, {
    code: 4_123,
    reason: "enough",
    wasClean: false,
  });
});

Deno.test("dial() checks its options at the door", async () => {
  const transport = () => socketPair()[0];
  const cases: [DialOptions, typeof TypeError, string][] = [
    [
      { reconnect: 5000 } as unknown as DialOptions,
      TypeError,
      'Cannot set "reconnect" to 5000: it must be true, false or an object such as { initialDelay: 500 }',
    ],
    [
      { reconnect: "yes" } as unknown as DialOptions,
      TypeError,
      'Cannot set "reconnect" to "yes"',
    ],
    [
      { reconnect: null } as unknown as DialOptions,
      TypeError,
      'Cannot set "reconnect" to null',
    ],
    [
      { reconnect: [500] } as unknown as DialOptions,
      TypeError,
      'Cannot set "reconnect" to a value of type "object"',
    ],
    [
      { reconnect: { initialDelay: "5" } } as unknown as DialOptions,
      TypeError,
      'Cannot set "reconnect.initialDelay" to "5": it must be a number',
    ],
    [
      { reconnect: { random: 1 } } as unknown as DialOptions,
      TypeError,
      'Cannot set "reconnect.random" to 1: it must be a function',
    ],
    [
      { reconnect: { probe: "yes" } } as unknown as DialOptions,
      TypeError,
      'Cannot set "reconnect.probe" to "yes": it must be a boolean',
    ],
    [
      { reconnect: { maxTries: NaN } },
      RangeError,
      'Cannot set "reconnect.maxTries" to NaN: it must be at least 0',
    ],
    [
      { reconnect: { maxDelay: -1 } },
      RangeError,
      'Cannot set "reconnect.maxDelay" to -1: it must be at least 0',
    ],
    [
      { reconnect: { factor: 0.5 } },
      RangeError,
      'Cannot set "reconnect.factor" to 0.5: it must be at least 1',
    ],
    [
      { reconnect: { initialDelay: 10, maxDelay: 5 } },
      RangeError,
      'Cannot set "reconnect.initialDelay" to 10: it must be at most "reconnect.maxDelay", which is 5',
    ],
    [
      { heartbeat: 5000 } as unknown as DialOptions,
      TypeError,
      'Cannot set "heartbeat" to 5000: it must be true, false or an object',
    ],
    [
      { heartbeat: { interval: 0 } },
      RangeError,
      'Cannot set "heartbeat.interval" to 0: it must be a positive number',
    ],
    [
      { heartbeat: { timeout: NaN } },
      RangeError,
      'Cannot set "heartbeat.timeout" to NaN: it must be a positive number',
    ],
    [
      { timeout: 0 },
      RangeError,
      'Cannot set "timeout" to 0: it must be a positive number',
    ],
    [
      { askTimeout: -5 },
      RangeError,
      'Cannot set "askTimeout" to -5: it must be a positive number',
    ],
    [
      { onClose: "log" } as unknown as DialOptions,
      TypeError,
      'Cannot set "onClose" to "log": it must be a function',
    ],
    [
      { signal: {} } as unknown as DialOptions,
      TypeError,
      "it must be an AbortSignal",
    ],
    [
      { headers: { "a b": "c" } },
      TypeError,
      "",
    ],
  ];
  for (const [options, type, text] of cases) {
    await assertRejects(
      () => dial("memory", HANDLER, { transport, ...options }),
      type,
      text,
    );
  }
  await assertRejects(
    () => dial("memory", HANDLER, null as unknown as DialOptions),
    TypeError,
    'Cannot set "options" to null: it must be an object',
  );
});

// Platforms ------------------------------------------------------------------

/** The events of a WebSocket that could not be opened, on a platform. */
interface Platform {
  readonly events: readonly string[];
  readonly init?: EventInit | ErrorEventInit;
  readonly close?: CloseEventInit;
}

const PLATFORMS: Record<string, Platform> = {
  "a browser": { events: ["error", "close"], close: { code: 1006 } },
  "Deno": {
    events: ["error", "close"],
    init: {
      error: new Error("failed to connect to WebSocket: tcp connect error"),
    },
    close: { code: 0 },
  },
  "Deno over TLS, with a server that has no HTTP/2": {
    events: ["error", "close"],
    init: {
      error: new Error(
        "failed to connect to WebSocket: received fatal alert: NoApplicationProtocol",
      ),
    },
    close: { code: 0 },
  },
  "Deno over TLS, with a server that has HTTP/2": {
    events: ["error", "close"],
    init: {
      error: new Error(
        "failed to connect to WebSocket: stream error received: unspecific protocol error detected",
      ),
    },
    close: { code: 0 },
  },
  "Node 22": {
    events: ["error"],
    init: {
      error: new Error("Received network error or non-101 status code."),
    },
  },
  "Node 22, which says so twice": {
    events: ["error", "error"],
    init: { error: new Error("Connection was closed before it was open.") },
  },
  "Node 24": {
    events: ["error", "close"],
    init: { error: new TypeError(""), message: "" },
    close: { code: 1006 },
  },
  "a platform without an error event": {
    events: ["close"],
    close: { code: 1006 },
  },
  "a platform that closes first": {
    events: ["close", "error"],
    close: { code: 1006 },
  },
};

/** Makes the WebSocket class of a platform, whose sockets never open. */
function failingWebSocket({ events, init, close }: Platform) {
  return class extends EventTarget {
    binaryType = "blob";
    bufferedAmount = 0;
    constructor() {
      super();
      setTimeout(() => {
        for (const type of events) {
          this.dispatchEvent(
            type === "close"
              ? new CloseEvent("close", close ?? {})
              : new ErrorEvent("error", { cancelable: true, ...init }),
          );
        }
      });
    }
    send() {}
    close() {}
  } as unknown as typeof WebSocket;
}

for (const [name, platform] of Object.entries(PLATFORMS)) {
  Deno.test(`A socket that cannot be opened ends at once, and once: ${name}`, async () => {
    const options = { WebSocket: failingWebSocket(platform), timeout: 1e9 };
    const url = `ws://127.0.0.1:${freePort()}/`;
    const error = await fail(url, options);
    assertEquals(error.url, url);
  });
}

for (
  const name of [
    "Node 22",
    "Deno over TLS, with a server that has no HTTP/2",
    "Deno over TLS, with a server that has HTTP/2",
  ]
) {
  Deno.test(`DialError tells what a GET request sees where the platform tells nothing: ${name}`, async () => {
    const WebSocket = failingWebSocket(PLATFORMS[name]!);
    for (
      const [answer, status] of [
        [404, 404],
        [401, 401],
        [503, 503],
        [302, 302],
        [
          426,
          undefined,
        ],
        [400, undefined],
        [405, undefined],
        [200, undefined],
      ] as const
    ) {
      await using server = serveStatus(answer);
      const url = `ws://127.0.0.1:${server.addr.port}/`;
      const error = await fail(url, { WebSocket });
      assertEquals(error.status, status);
      assertEquals(
        error.message.includes("the platform gives no reason"),
        status === undefined,
      );
    }
    const error = await fail(`ws://127.0.0.1:${freePort()}/`, { WebSocket });
    assertInstanceOf(error.cause, TypeError);
  });
}

Deno.test("A server that never answers the GET request does not hold dial()", async () => {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const accepted = listener.accept();
  const WebSocket = failingWebSocket(PLATFORMS["Node 22"]!);
  const error = await fail(`ws://127.0.0.1:${listener.addr.port}/`, {
    WebSocket,
    timeout: 1e9,
  });
  assertStringIncludes(error.message, "the platform gives no reason");
  (await accepted).close();
});
