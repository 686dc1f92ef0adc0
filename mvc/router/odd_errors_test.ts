// What a program throws may be anything: revoked proxies, getters that throw, symbols.

import { assert, assertEquals, assertNotMatch } from "@std/assert";
import { denoUpgrader, Server } from "../../neffos/mod.ts";
import { fail, FAULTS } from "../../tools/attack/nasty.ts";
import { Application } from "../application.ts";
import { type ServiceToken, token } from "../container/tokens.ts";
import { Context } from "../http/context.ts";
import { websocketHandler } from "../websocket.ts";
import { Router } from "./router.ts";

const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 4711 },
  completed: Promise.resolve(),
};

const HANDSHAKE = {
  connection: "upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  origin: "http://elsewhere",
};

/** A way to answer a request with code of the program that fails. */
type Place = (router: Router, run: () => never) => RequestInit | void;

const Service = token<object>("Service");

function newApp(router: Router): Application<ServiceToken> {
  return new Application(router) as Application<ServiceToken>;
}

function handleWith(app: Application<ServiceToken>): void {
  class Controller {
    static readonly inject = [Service] as const;
    get() {
      return "hi";
    }
  }
  app.handle(Controller);
}

function accept(
  router: Router,
  options: ConstructorParameters<typeof Server>[2],
): RequestInit {
  // It never comes so far that a socket is made.
  const server = new Server(denoUpgrader(), { chat: { onHi() {} } }, {
    ...options,
    onError: (error, { event }) => {
      if (event !== "onUpgradeError") faults.push(error);
    },
  });
  router.get("/", websocketHandler(server));
  return { headers: HANDSHAKE };
}

let faults: unknown[] = [];

/** Where code of a program runs before the answer. */
const PLACES: Readonly<Record<string, Place>> = {
  "a handler": (router, run) => void router.get("/", run),
  "a middleware": (router, run) =>
    void router.use(run).get("/", (ctx) => ctx.text("hi")),
  "a middleware after next()": (router, run) =>
    void router.use(async (_ctx, next) => {
      await next();
      return run();
    }).get("/", (ctx) => ctx.text("hi")),
  "a handler inside middleware": (router, run) =>
    void router.use((_ctx, next) => next()).get("/", run),
  "a middleware without a route": (router, run) => void router.use(run),
  "a method": (router, run) => {
    newApp(router).handle({ get: run });
  },
  "a constructor": (router, run) => {
    class Controller {
      static readonly inject = [Context] as const;
      constructor(_ctx: Context) {
        return run();
      }
      get() {}
    }
    newApp(router).handle(Controller);
  },
  "a scoped factory": (router, run) =>
    handleWith(newApp(router).scoped(Service, [Context], run)),
  "a singleton factory": (router, run) =>
    handleWith(newApp(router).singleton(Service, [], run)),
  "a schema": (router, run) => {
    newApp(router).handle(
      class {
        static readonly routes = {
          get: {
            query: {
              "~standard": { version: 1, vendor: "test", validate: run },
            },
          },
        };
        get() {}
      } as never,
    );
  },
  "idGenerator": (router, run) =>
    accept(router, { idGenerator: run, origins: "*" }),
  "origins": (router, run) => accept(router, { origins: run }),
  "onUpgradeError": (router, run) => accept(router, { onUpgradeError: run }),
};

async function answer(router: Router, init: RequestInit = {}) {
  const request = new Request("http://host/", init);
  const response = await router.handler(request, INFO);
  return { status: response.status, text: await response.text() };
}

for (const [place, mount] of Object.entries(PLACES)) {
  Deno.test(`Whatever ${place} throws is answered, and reported at most once`, async () => {
    for (const fault of FAULTS) {
      // A good ID.
      if (place === "idGenerator" && fault === "return-text") continue;
      faults = [];
      const router = new Router({
        onError: (error) => void faults.push(error),
      });
      const init = mount(router, () => fail(fault) as never) ?? {};
      const { status, text } = await answer(router, init);
      assert(status >= 200 && status <= 599, `${fault}: ${status}`);
      // What a method returns is meant for the client.
      if (status !== 200) assertNotMatch(text, /secret/, fault);
      if (status === 500) {
        const reported = place === "onUpgradeError" ? 0 : 1;
        assertEquals([fault, faults.length], [fault, reported]);
      } else assertEquals([fault, faults.length], [fault, 0]);
    }
  });
}

Deno.test("Whatever is thrown after the answer is reported once, and ends nothing", async () => {
  for (const fault of FAULTS) {
    if (fault.startsWith("return") && fault !== "return-proxy") continue;
    for (const isReported of [true, false]) {
      faults = [];
      // The second is an answer that came too late, and no fault.
      const expected = fault.endsWith("httpError") ? 1 : 2;
      const reported = Promise.withResolvers<void>();
      const router = new Router({
        onError: (error) => {
          if (faults.push(error) === expected) reported.resolve();
          return isReported ? undefined : fail(fault) as Response;
        },
      });
      const gate = Promise.withResolvers<void>();
      const late = Promise.withResolvers<void>();
      router.use((ctx, next) => {
        ctx.onSent(() => fail(fault) as never);
        next().catch(() => late.resolve());
        return ctx.text("already");
      });
      router.get("/", async () => {
        await gate.promise;
        return await (fail(fault) as Promise<Response>);
      });
      const original = console.error;
      console.error = () => {};
      try {
        assertEquals((await answer(router)).text, "already");
        gate.resolve();
        await late.promise;
        await reported.promise;
        // A second report would come by now.
        await new Promise((resolve) => setTimeout(resolve));
      } finally {
        console.error = original;
      }
      assertEquals([fault, faults.length], [fault, expected]);
    }
  }
});

Deno.test("Whatever a disposal throws is reported once, and changes no answer", async () => {
  for (const fault of FAULTS) {
    if (/^(return|unreadable|thenable)/.test(fault)) continue;
    faults = [];
    const reported = Promise.withResolvers<void>();
    const router = new Router({
      onError: (error) => {
        faults.push(error);
        reported.resolve();
      },
    });
    handleWith(
      newApp(router).scoped(Service, [Context], () => ({
        [Symbol.asyncDispose]: () => fail(fault) as Promise<void>,
      })),
    );
    assertEquals(await answer(router), { status: 200, text: "hi" });
    await reported.promise;
    assertEquals([fault, faults.length], [fault, 1]);
  }
});
