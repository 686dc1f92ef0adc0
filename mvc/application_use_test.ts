import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  denoUpgrader,
  EventError,
  type EventMiddleware,
  joinConnHandlers,
  type Message,
  NSConn,
  OnNamespaceConnect,
  Server,
} from "../neffos/mod.ts";
import { Application } from "./application.ts";
import { token } from "./container/tokens.ts";
import { Router } from "./router/router.ts";
import { connectTest } from "./testing/mod.ts";
import { contextOf } from "./websocket.ts";

/** Logs before and after each event. */
function logTo(log: string[], name: string): EventMiddleware {
  return async (_nsConn, msg, next) => {
    log.push(`${name} ${msg.event}`);
    const result = await next();
    log.push(`/${name}`);
    return result;
  };
}

const CONNECTING = ["_OnNamespaceConnect", "_OnNamespaceConnected"];

Deno.test("Application.use() runs once around what several controllers handle together", async () => {
  const log: string[] = [];
  class First {
    static readonly use = [logTo(log, "first")];
    onNamespaceConnected() {
      log.push("First");
    }
    onOne() {
      log.push("One");
    }
  }
  class Second {
    onNamespaceConnected() {
      log.push("Second");
    }
    onTwo() {
      log.push("Two");
    }
  }
  const app = new Application(new Router()).use(logTo(log, "app"));
  app.handleWebsocket(First);
  app.handleWebsocket(Second);
  await using first = await connectTest(app, First);
  await first.ask("onOne");
  const second = await first.connect(Second);
  await second.ask("onTwo");
  assertEquals(log, [
    ...["app _OnNamespaceConnect", "first _OnNamespaceConnect", "/first"],
    "/app",
    ...["app _OnNamespaceConnected", "first _OnNamespaceConnected"],
    ...["First", "/first", "Second", "/app"],
    ...["app onOne", "first onOne", "One", "/first", "/app"],
    ...["app onTwo", "Two", "/app"],
  ]);
});

Deno.test("Application.use() refuses a namespace before its controller is built", async () => {
  const Service = token<string>("Service");
  let built = 0;
  class Controller {
    static readonly inject = [NSConn, Service] as const;
    readonly service: string;
    constructor(_nsConn: NSConn, service: string) {
      this.service = service;
    }
    onHi(_msg: Message) {
      return this.service;
    }
  }
  const app = new Application(new Router())
    .scoped(Service, [NSConn], () => `built ${++built}`)
    .use((nsConn, msg, next) => {
      const isSignedIn = contextOf(nsConn).cookies.get("user") !== undefined;
      if (msg.event === OnNamespaceConnect && !isSignedIn) {
        throw new EventError("sign in first");
      }
      return next();
    });
  app.handleWebsocket(Controller);
  await assertRejects(
    () => connectTest(app, Controller),
    EventError,
    "sign in first",
  );
  assertEquals(built, 0);
  const cookies = { user: "ann" };
  await using client = await connectTest(app, Controller, { cookies });
  assertEquals((await client.ask("onHi")).text(), "built 1");
});

Deno.test("Application.use() reaches child applications, and no others", async () => {
  const log: string[] = [];
  class Upper {
    static readonly namespace = "upper";
    onHi() {}
  }
  class Lower {
    static readonly namespace = "lower";
    onHi() {}
  }
  const app = new Application(new Router());
  const child = app.party("/child").use(logTo(log, "child"));
  app.use(logTo(log, "parent"));
  app.handleWebsocket(Upper);
  child.handleWebsocket(Lower);
  const server = new Server(denoUpgrader(), joinConnHandlers(app, child));
  await using upper = await connectTest(server, Upper);
  await upper.expectNothing();
  assertEquals(
    log.splice(0),
    CONNECTING.flatMap((event) => [`parent ${event}`, "/parent"]),
  );
  const lower = await upper.connect(Lower);
  await lower.expectNothing();
  assertEquals(
    log.splice(0),
    CONNECTING.flatMap((event) => [
      ...[`parent ${event}`, `child ${event}`],
      ...["/child", "/parent"],
    ]),
  );
});

Deno.test("Application.use() refuses invalid middleware, and late calls", () => {
  const app = new Application(new Router());
  class Controller {
    onHi() {}
  }
  assertThrows(
    // @ts-expect-error: it takes functions
    () => app.use("guard"),
    TypeError,
    "Cannot use middleware in an application: it should be an array of functions (nsConn, msg, next)",
  );
  const child = app.party("/child");
  child.handleWebsocket(Controller);
  new Server(denoUpgrader(), child);
  for (const each of [app, child]) {
    assertThrows(
      () => each.use((_nsConn, _msg, next) => next()),
      TypeError,
      "Cannot use middleware: a server was already made of this application, and it must be done before",
    );
  }
});
