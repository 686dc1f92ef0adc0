import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Conn, denoUpgrader, dial, DialError, Server } from "../neffos/mod.ts";
import { Application } from "./application.ts";
import { token } from "./container/tokens.ts";
import { Context } from "./http/context.ts";
import { HttpError } from "./http/http_error.ts";
import { Router } from "./router/router.ts";
import { connectTest } from "./testing/mod.ts";
import {
  contextOf,
  websocketHandler,
  type WebsocketHandlerOptions,
} from "./websocket.ts";

function listen(
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  return Deno.serve(options, handler);
}

function urlOf({ addr }: Deno.HttpServer<Deno.NetAddr>, path = "/"): string {
  return `http://127.0.0.1:${addr.port}${path}`;
}

Deno.test("websocketHandler() takes the ID generator of its endpoint, in place of the server's", async () => {
  const faults: string[] = [];
  const statuses: number[] = [];
  await using server = new Server(denoUpgrader(), { ns: { onHi: () => "" } }, {
    idGenerator: () => "of the server",
    onError: (error) => void faults.push(String(error)),
    onUpgradeError: ({ status }) => void statuses.push(status),
  });
  const generators: Record<string, (context: Context) => unknown> = {
    sync: (context) => `${context.params.name} ${context.query.get("q")}`,
    async: async (context) => {
      await Promise.resolve();
      return context.get<string>("user") ?? "nobody";
    },
    throws: () => {
      throw new Error("no ID today");
    },
    rejects: () => Promise.reject(new Error("no ID tomorrow")),
    refuses: () => {
      const headers = { "www-authenticate": "Bearer" };
      throw new HttpError(401, "sign in first", { headers });
    },
    empty: () => "",
    nothing: () => undefined,
    number: () => 7n,
    long: () => "x".repeat(1_025),
    longest: () => "x".repeat(1_024),
    surrogate: () => "\ud800",
    odd: () => "a;b\n\u202e é",
  };
  const router = new Router();
  router.use((ctx, next) => {
    ctx.set("user", ctx.header("x-user"));
    return next();
  });
  router.get("/plain/:name", websocketHandler(server));
  for (const [name, idGenerator] of Object.entries(generators)) {
    const options = { idGenerator } as WebsocketHandlerOptions;
    router.get(`/${name}/:name`, websocketHandler(server, options));
  }
  const connect = async (name: string): Promise<string> => {
    await using client = await connectTest(router, "ns", {
      path: `/${name}/bob?q=1`,
      headers: { "x-user": "ann" },
    });
    assertEquals(server.connections.at(-1)!.id, client.id);
    return client.id;
  };
  assertEquals(await connect("plain"), "of the server");
  assertEquals(await connect("sync"), "bob 1");
  assertEquals(await connect("async"), "ann");
  assertEquals(await connect("longest"), "x".repeat(1_024));
  assertEquals(await connect("odd"), "a;b\n\u202e é");
  assertEquals(faults, []);
  for (
    const [name, fault] of [
      ["throws", "Error: no ID today"],
      ["rejects", "Error: no ID tomorrow"],
      ["empty", 'TypeError: Cannot use "" as the ID'],
      [
        "nothing",
        'TypeError: Cannot use a value of type "undefined" as the ID',
      ],
      ["number", 'TypeError: Cannot use a value of type "bigint" as the ID'],
      ["long", `TypeError: Cannot use "${"x".repeat(128)}… (1025)" as the ID`],
      ["surrogate", 'TypeError: Cannot use "\\ud800" as the ID'],
    ] as const
  ) {
    await assertRejects(() => connect(name));
    assertEquals(faults.pop()!.slice(0, fault.length), fault);
    assertEquals(statuses.pop(), 500, name);
  }
  await assertRejects(() => connect("refuses"), DialError, "answered 401");
  assertEquals([faults, statuses], [[], [401]]);
});

Deno.test("websocketHandler() refuses an ID generator that is no function", () => {
  const server = new Server(denoUpgrader(), {});
  for (const idGenerator of ["ann", 1, null, {}]) {
    const options = { idGenerator } as unknown as WebsocketHandlerOptions;
    assertThrows(
      () => websocketHandler(server, options),
      TypeError,
      `Cannot use ${idGenerator} as the "idGenerator" of an endpoint`,
    );
  }
  // As Go's `websocket.Handler(server, idGenerator)` takes it.
  for (const options of [() => "ann", null, "ann"]) {
    assertThrows(
      () => websocketHandler(server, options as WebsocketHandlerOptions),
      TypeError,
      "they must be an object such as { idGenerator }",
    );
  }
});

interface Session {
  readonly user: string;
}
const Session = token<Session>("Session");

/** Collects what controllers and services see of the request. */
class Seen {
  readonly contexts: Context[] = [];
  built = 0;
}

class PageController {
  static readonly namespace: string = "page";
  static readonly inject = [Context, Session, Conn, Seen] as const;
  constructor(
    readonly context: Context,
    readonly session: Session,
    readonly conn: Conn,
    readonly seen: Seen,
  ) {
    seen.contexts.push(context);
  }

  onAsk() {
    const { context, session, conn } = this;
    assertStrictEquals(contextOf(conn), context);
    return {
      method: context.method,
      path: context.path,
      pathname: context.url.pathname,
      host: context.url.host,
      query: context.query.get("q"),
      params: context.params,
      header: context.header("x-user"),
      token: context.header("authorization"),
      ip: context.remoteIp,
      isAborted: context.signal.aborted,
      isUpgraded: context.upgraded !== undefined,
      user: session.user,
      kept: context.get("kept"),
    };
  }
}

class OtherController extends PageController {
  static override readonly namespace = "other";
}

function makeApplication(): { app: Application; seen: Seen } {
  const seen = new Seen();
  const app = new Application(new Router())
    .register(Seen, seen)
    .scoped(Session, [Context, Seen], (context, seen) => {
      seen.built++;
      context.set("kept", "by a service");
      return { user: context.header("x-user") ?? "nobody" };
    });
  app.handleWebsocket(PageController);
  app.handleWebsocket(OtherController);
  return { app: app as unknown as Application, seen };
}

Deno.test("A controller injects the Context of a request that came through Server.upgrade()", async () => {
  const { app, seen } = makeApplication();
  const faults: unknown[] = [];
  await using server = new Server(denoUpgrader(), app, {
    onError: (error) => void faults.push(error),
  });
  // As Hono and Oak call it: a handler of requests of their own.
  const routes: Record<string, Deno.ServeHandler<Deno.NetAddr>> = {
    "/ws/%61%c3%a9": (request, info) => server.upgrade(request, info),
    "/bare/%zz": (request) => server.upgrade(request),
  };
  await using listener = listen((request, info) => {
    const path = request.url.replace(/^\w+:\/\/[^/]+/, "").split("?")[0]!;
    return routes[path]?.(request, info) ?? new Response(null, { status: 404 });
  });
  const query = "?q=a%20b&X-Websocket-Header-Authorization=Bearer";
  const headers = { "x-user": "ann" };
  const url = urlOf(listener, `/ws/%61%c3%a9${query}`);
  const client = await dial(url, { page: {}, other: {} }, { headers });
  const page = await client.connect("page");
  const expected = {
    method: "GET",
    path: "/ws/a%C3%A9",
    pathname: "/ws/a%C3%A9",
    host: new URL(urlOf(listener)).host,
    query: "a b",
    params: {},
    header: "ann",
    token: "Bearer",
    ip: "127.0.0.1",
    isAborted: false,
    isUpgraded: true,
    user: "ann",
    kept: "by a service",
  };
  assertEquals((await page.ask("onAsk")).json(), expected);
  const other = await client.connect("other");
  assertEquals((await other.ask("onAsk")).json(), expected);
  assertEquals(seen.contexts.length, 2);
  assertStrictEquals(seen.contexts[0], seen.contexts[1]);
  assertEquals(seen.built, 2);
  const [context] = seen.contexts;
  assertEquals(context!.info.remoteAddr, context!.remoteAddr);
  assertThrows(() => context!.detach(), Error, "already answered");
  await client.close();

  const bare = await dial(urlOf(listener, "/bare/%zz"), { page: {} });
  const answer = await (await bare.connect("page")).ask("onAsk");
  assertEquals(answer.json<Record<string, unknown>>().path, "/bare/%zz");
  assertEquals(answer.json<Record<string, unknown>>().ip, undefined);
  assertThrows(
    () => seen.contexts.at(-1)!.remoteAddr,
    TypeError,
    "Cannot read the remote address",
  );
  await bare.close();
  assertEquals(faults, []);
});

Deno.test("contextOf() refuses a connection of a client", async () => {
  const server = new Server(denoUpgrader(), { ns: { onHi: () => "" } });
  await using client = await connectTest(server, "ns");
  const { nsConn } = client;
  assertThrows(() => contextOf(nsConn), TypeError, "Cannot get the Context");
  assertEquals(contextOf(server.connections[0]!).path, "/");
});
