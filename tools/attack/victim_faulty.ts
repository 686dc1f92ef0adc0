/** Servers whose hooks fail where and how the query of the request says. */

import {
  Application,
  contextOf,
  type EventMiddleware,
  type Message,
  NSConn,
  type Router,
  Server,
  type ServerOptions,
  token,
  type Upgrader,
  type UpgradeRequest,
  websocketHandler,
} from "../../mod.ts";
import { fail } from "./nasty.ts";
import { TIMES } from "./victim_limits.ts";

/** The places where a program can fail. */
export const POINTS = [
  "before",
  "after",
  "origins",
  "idGenerator",
  "onUpgradeError",
  "onConnect",
  "onDisconnect",
  "onError",
  "onUnhandled",
  "middleware",
  "middlewareAfter",
  "use",
  "factory",
  "construct",
  "dispose",
  "disposeService",
  "onNamespaceConnect",
  "onNamespaceConnected",
  "onNamespaceDisconnect",
  "onRoomJoin",
  "onRoomJoined",
  "onRoomLeave",
  "onRoomLeft",
  "onEvent",
  "onLater",
] as const;

/** A place where a program can fail. */
export type Point = typeof POINTS[number];

// The result has whatever type the caller needs.
// deno-lint-ignore no-explicit-any
function pass(point: Point, from: UpgradeRequest | undefined): any {
  if (placeOf(from) === point) return fail(from!.url.searchParams.get("how")!);
}

function placeOf(from: UpgradeRequest | undefined): string | null | undefined {
  return from?.url.searchParams.get("at");
}

const Service = token<object>("Service");

class FaultyController {
  static readonly namespace = "faulty";
  static readonly inject = [NSConn, Service] as const;
  static readonly use: readonly EventMiddleware[] = [
    (nsConn, msg, next) => pass("use", contextOf(nsConn)) ?? next(msg),
  ];
  readonly #nsConn: NSConn;

  constructor(nsConn: NSConn, _service: object) {
    this.#nsConn = nsConn;
    const given: unknown = this.#pass("construct");
    // A constructor cannot await, so a rejection is dropped.
    if (given instanceof Promise) given.catch(() => {});
  }

  onNamespaceConnect() {
    return this.#pass("onNamespaceConnect");
  }
  onNamespaceConnected() {
    return this.#pass("onNamespaceConnected");
  }
  onNamespaceDisconnect() {
    return this.#pass("onNamespaceDisconnect");
  }
  onRoomJoin() {
    return this.#pass("onRoomJoin");
  }
  onRoomJoined() {
    return this.#pass("onRoomJoined");
  }
  onRoomLeave() {
    return this.#pass("onRoomLeave");
  }
  onRoomLeft() {
    return this.#pass("onRoomLeft");
  }
  onEvent(_msg: Message) {
    if (placeOf(contextOf(this.#nsConn)) === "onError") {
      throw new Error("a secret of the program");
    }
    return this.#pass("onEvent");
  }
  async onLater(_msg: Message) {
    return await this.#pass("onLater");
  }
  [Symbol.asyncDispose]() {
    return this.#pass("dispose");
  }

  #pass(point: Point) {
    return pass(point, contextOf(this.#nsConn));
  }
}

/** Mounts a server with an `onError`, and one without, which writes to the console. */
export function mountFaulty(router: Router, upgrader: Upgrader): Server[] {
  const hooks: ServerOptions = {
    onError: (_error, source) => pass("onError", source.conn?.request),
    onUnhandled: (nsConn) => pass("onUnhandled", contextOf(nsConn)),
  };
  return [
    mount(router, upgrader, { path: "/faulty", hooks }),
    mount(router, upgrader, { path: "/faulty-console", hooks: {} }),
  ];
}

function mount(
  router: Router,
  upgrader: Upgrader,
  { path, hooks }: { path: string; hooks: ServerOptions },
): Server {
  const party = router.party(path, async (ctx, next) => {
    await pass("before", ctx);
    const response = await next();
    await pass("after", ctx);
    return response;
  });
  const app = new Application(party)
    .use(async (nsConn, _msg, next) => {
      const from = contextOf(nsConn);
      await pass("middleware", from);
      const answer = await next();
      await pass("middlewareAfter", from);
      return answer;
    })
    .scoped(Service, [NSConn], async (nsConn) => {
      const from = contextOf(nsConn);
      await pass("factory", from);
      return { [Symbol.dispose]: () => pass("disposeService", from) };
    });
  app.handleWebsocket(FaultyController);
  const server = new Server(upgrader, app, {
    ...hooks,
    ackTimeout: TIMES.ack,
    closeTimeout: TIMES.close,
    origins: (_origin, from) =>
      pass("origins", from) ?? placeOf(from) !== "onUpgradeError",
    idGenerator: (from) => pass("idGenerator", from) ?? crypto.randomUUID(),
    onUpgradeError: (_error, from) => pass("onUpgradeError", from),
    onConnect: ({ request }) => pass("onConnect", request),
    onDisconnect: ({ request }) => pass("onDisconnect", request),
  });
  app.router.get("/", websocketHandler(server));
  return server;
}
