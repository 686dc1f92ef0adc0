/**
 * {@linkcode Application}: controllers and their services, on a party of a
 * router.
 *
 * @module
 */

import { assertController, assertMiddleware } from "../neffos/internal.ts";
import {
  Conn,
  type EventMiddleware,
  type HandlerSource,
  handlerSource,
  type NamespaceSource,
  NSConn,
  Server,
  type ServerApi,
  type Struct,
} from "../neffos/mod.ts";
import type {
  CheckedClass,
  CheckedDeps,
  CheckedFactory,
  CheckedMaker,
  CheckedOverride,
  ClassFault,
  Exactly,
  ExactlyEach,
  FactoryOf,
  Maker,
  OneOf,
  StandInOf,
} from "./container/checks.ts";
import { Container } from "./container/container.ts";
import type {
  ClassToken,
  Optional,
  ServiceOf,
  ServiceToken,
} from "./container/tokens.ts";
import {
  activate,
  assertNoHooks,
  describeController,
} from "./controller/activation.ts";
import type {
  CheckedHttpController,
  EventFaults,
} from "./controller/checks.ts";
import {
  ControllerFactory,
  type ReadableStruct,
} from "./controller/factory.ts";
import { ServerSlot } from "./controller/server_slot.ts";
import { explain } from "./explain/explain.ts";
import type { Explanation } from "./explain/explanation.ts";
import type { ExplainOptions } from "./explain/schema.ts";
import { Context } from "./http/context.ts";
import type { Middleware } from "./router/handlers.ts";
import type { Party } from "./router/party.ts";
import { type Router, routesOf } from "./router/router.ts";

/** Finds the server whose handler an application is. */
export let serverOf: (app: Application) => Server | undefined;

/**
 * The tokens that every Application registers itself.
 *
 * @category Application
 */
export type BuiltIn =
  | PerConnection
  | typeof Server
  | typeof Application;

/**
 * The tokens that HTTP controllers can inject without a registration.
 *
 * @category Application
 */
export type HttpBuiltIn =
  | typeof Server
  | typeof Context
  | typeof Application;

/**
 * The tokens that each connection or request has a value of its own for.
 *
 * @category Application
 */
export type PerConnection = typeof NSConn | typeof Conn | typeof Context;

/**
 * The life of a controller: each connection has one of its own (`"own"`), all
 * share one (`"shared"`), or the types do not tell (`"either"`).
 *
 * @typeParam C The type of the class.
 * @typeParam Scoped The union of the types of the scoped tokens.
 * @typeParam Shared The union of the types of those that are not scoped.
 *
 * @category Type utilities
 */
export type LifeOf<C, Scoped, Shared> = C extends
  { readonly inject: infer Inject extends readonly unknown[] }
  ? StrictestOf<LifeOfDep<Inject[number], Scoped, Shared>>
  : "shared";

/**
 * The life that one dependency requires; distributes over a union.
 *
 * @internal
 */
type LifeOfDep<K, Scoped, Shared> = K extends Optional<infer O>
  ? LifeOfDep<O, Scoped, Shared>
  : Exactly<K> extends ExactlyEach<PerConnection> ? "own"
  : Exactly<K> extends ExactlyEach<Scoped>
    ? Exactly<K> extends ExactlyEach<Shared> ? "either" : "own"
  : Exactly<K> extends ExactlyEach<Shared | typeof Server | typeof Application>
    ? "shared"
  : "either";

/**
 * One dependency with the life of a connection decides.
 *
 * @internal
 */
type StrictestOf<Lives> = "own" extends Lives ? "own"
  : "either" extends Lives ? "either"
  : "shared";

/**
 * Checks a websocket controller: its methods, and for a class also its
 * dependencies, with `CheckedClass`.
 *
 * @typeParam C The type of the class or the instance.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the scoped ones.
 * @typeParam Shared The union of the types of those that are not scoped.
 *
 * @category Type utilities
 */
export type CheckedController<C, Registered, Scoped = never, Shared = never> =
  [ServiceToken] extends [Registered] ? C
    : [ControllerFault<C, Registered, Scoped, Shared>] extends [never] ? C
    : OneOf<ControllerFault<C, Registered, Scoped, Shared>>;

/**
 * Says what is wrong with a websocket controller; one thing at a time.
 *
 * @internal
 */
type ControllerFault<C, Registered, Scoped, Shared> = C extends
  ClassToken<infer Instance>
  ? [ClassFault<C, Registered | BuiltIn>] extends [never]
    ? EventFaults<C, Instance, LifeOf<C, Scoped, Shared>>
  : ClassFault<C, Registered | BuiltIn>
  : C extends { readonly prototype: unknown }
    ? "must be a class with a public constructor"
  : EventFaults<C, C, "shared">;

/**
 * Holds controllers and their services, on a party of a router. It is the
 * handler of a `Server`.
 *
 * Each call that registers a service returns the application with the token of
 * the service added to its type, so that the compiler knows which services a
 * controller can inject.
 *
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of those whose services are built
 * for each request or connection.
 * @typeParam Shared The union of the types of the others.
 *
 * @example
 * ```ts
 * import {
 *   Application,
 *   denoUpgrader,
 *   type Message,
 *   NSConn,
 *   Router,
 *   Server,
 *   token,
 *   websocketHandler,
 * } from "@neffos/mvc";
 *
 * interface Logger {
 *   log(text: string): void;
 * }
 * const Logger = token<Logger>("Logger");
 *
 * class ChatController {
 *   static readonly namespace = "default";
 *   static readonly inject = [NSConn, Logger] as const;
 *   constructor(readonly nsConn: NSConn, readonly logger: Logger) {}
 *
 *   onChat(msg: Message) {
 *     this.logger.log(`${this.nsConn.id}: ${msg.text()}`);
 *     this.nsConn.server.broadcast(this.nsConn, msg);
 *   }
 * }
 *
 * const router = new Router();
 * const app = new Application(router.party("/chat"))
 *   .register(Logger, { log: (text) => console.log(text) });
 * app.handleWebsocket(ChatController);
 * const server = new Server(denoUpgrader(), app);
 * app.router.get("/", websocketHandler(server));
 * const options = { port: 0, hostname: "127.0.0.1" };
 * const listener = Deno.serve(options, router.handler);
 *
 * // When the program ends:
 * await server.close();
 * await listener.shutdown();
 * ```
 *
 * @category Application
 */
export class Application<
  const in Registered extends ServiceToken = never,
  const in Scoped = never,
  const in Shared = never,
> implements HandlerSource, AsyncDisposable {
  /** The party of the router that the routes of the application are on. */
  readonly router: Party;
  readonly #container: Container<ServiceToken>;
  readonly #controllers: ControllerFactory;
  readonly #parent: Application | undefined;
  readonly #children: Application[] = [];
  readonly #structs: ReadableStruct[] = [];
  /** The controllers of routes, and those of events; shared with the parent. */
  readonly #ofRoutes: Set<object>;
  readonly #ofEvents = new Set<object>();
  readonly #middleware: EventMiddleware[] = [];
  readonly #server: ServerSlot;
  #isInUse = false;
  #isMiddlewareUsed = false;

  static {
    serverOf = (app) => app.#server.own;
  }

  /**
   * Makes an application.
   *
   * @param party The party of a router, or the router itself.
   * @param options The parent, whose services the application inherits; see
   * {@linkcode Application.party}.
   */
  constructor(party: Party, options: { parent?: Application } = {}) {
    this.router = party;
    const { parent } = options;
    this.#parent = parent;
    this.#container = parent
      ? parent.#container.createChild()
      : createRootContainer();
    if (parent !== undefined) parent.#children.push(this.#registered());
    this.#server = new ServerSlot(this.#container, parent && parent.#server);
    this.#controllers = new ControllerFactory(this.#container);
    this.#ofRoutes = parent ? parent.#ofRoutes : new Set();
    this.#container.register(Application, this.#registered());
  }

  /** The container of the services, with types that check nothing. */
  get container(): Container<ServiceToken> {
    return this.#container;
  }

  /**
   * Registers a service as it is. The application never disposes it.
   *
   * @param token The token of the service.
   * @param value The service.
   * @returns This application.
   * @throws {TypeError} If the token is neither a Symbol nor a class.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  register<K extends ServiceToken>(
    token: K,
    value: ServiceOf<K>,
  ): Application<Registered | K, Scoped, Shared | K> {
    this.#container.register(token, value);
    return this.#registered();
  }

  /**
   * Registers a class that is built at most once, on first use, with the
   * services that its `static inject` lists.
   *
   * @param token The class.
   * @returns This application.
   * @throws {TypeError} If its `static inject` does not fit its constructor.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  singleton<C extends ServiceToken>(
    token: CheckedClass<
      C,
      Registered | BuiltIn,
      Scoped | PerConnection,
      Shared
    >,
  ): Application<Registered | C, Scoped, Shared | C>;
  /**
   * Registers a service that is built at most once, on first use: by a
   * class with `static inject`, by a factory without dependencies or, if the
   * token is a class, with the services that a list names.
   *
   * @param token The token of the service.
   * @param maker The class, the factory or the list: `[Database, Logger]`.
   * @returns This application.
   * @throws {TypeError} If the services do not fit the constructor, or the
   * factory takes any.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  singleton<K extends ServiceToken, const M extends Maker<K>>(
    token: K,
    maker: CheckedMaker<
      K,
      M,
      Registered | BuiltIn,
      Scoped | PerConnection,
      Shared
    >,
  ): Application<Registered | K, Scoped, Shared | K>;
  /**
   * Registers a service that is built at most once, on first use. Concurrent
   * first uses share one build; a failed build is not kept.
   *
   * @param token The token of the service.
   * @param deps The tokens of its dependencies.
   * @param factory Builds the service.
   * @returns This application.
   * @throws {TypeError} If an argument is of the wrong kind.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  singleton<
    K extends ServiceToken,
    const Deps extends readonly unknown[],
    F extends FactoryOf<K> | ClassToken = FactoryOf<K>,
  >(
    token: K,
    deps: CheckedDeps<
      Deps,
      Registered | BuiltIn,
      Scoped | PerConnection,
      Shared
    >,
    factory: CheckedFactory<K, Deps, F>,
  ): Application<Registered | K, Scoped, Shared | K>;
  singleton(...args: never[]): Application<ServiceToken, unknown, unknown> {
    // The container has the same overloads.
    const register: (...args: never[]) => unknown = this.#container.singleton;
    register.apply(this.#container, args);
    return this.#registered();
  }

  /**
   * Registers a class that is built once for each request, or for each
   * connection in a namespace, with the
   * services that its `static inject` lists.
   *
   * @param token The class.
   * @returns This application.
   * @throws {TypeError} If its `static inject` does not fit its constructor.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  scoped<C extends ServiceToken>(
    token: CheckedClass<C, Registered | BuiltIn>,
  ): Application<Registered | C, Scoped | C, Shared>;
  /**
   * Registers a service that is built once for each request, or for each
   * connection in a namespace: by a
   * class with `static inject`, by a factory without dependencies or, if the
   * token is a class, with the services that a list names.
   *
   * @param token The token of the service.
   * @param maker The class, the factory or the list: `[Database, Logger]`.
   * @returns This application.
   * @throws {TypeError} If the services do not fit the constructor, or the
   * factory takes any.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  scoped<K extends ServiceToken, const M extends Maker<K>>(
    token: K,
    maker: CheckedMaker<K, M, Registered | BuiltIn>,
  ): Application<Registered | K, Scoped | K, Shared>;
  /**
   * Registers a service that is built once for each request, or for each
   * connection in a namespace, however many controllers and services there
   * depend on it.
   *
   * @param token The token of the service.
   * @param deps The tokens of its dependencies.
   * @param factory Builds the service.
   * @returns This application.
   * @throws {TypeError} If an argument is of the wrong kind.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  scoped<
    K extends ServiceToken,
    const Deps extends readonly unknown[],
    F extends FactoryOf<K> | ClassToken = FactoryOf<K>,
  >(
    token: K,
    deps: CheckedDeps<Deps, Registered | BuiltIn>,
    factory: CheckedFactory<K, Deps, F>,
  ): Application<Registered | K, Scoped | K, Shared>;
  scoped(...args: never[]): Application<ServiceToken, unknown, unknown> {
    // The container has the same overloads.
    const register: (...args: never[]) => unknown = this.#container.scoped;
    register.apply(this.#container, args);
    return this.#registered();
  }

  /**
   * Puts a value in the place of a service that is registered, for tests. It
   * takes effect although controllers are registered, and where a parent has
   * the service, for all of the parent's applications. The application never
   * disposes it.
   *
   * @param token The token of the service.
   * @param value The value, which all requests and connections share; for a class, any with
   * its public members.
   * @returns This application.
   * @throws {TypeError} If the token is neither a Symbol nor a class.
   * @throws {DependencyError} If the token is not registered, each request or
   * connection has its own, or something was built with it already: override
   * before the first request or connection.
   *
   * @example
   * ```ts
   * import { Application, Router, token } from "@neffos/mvc";
   * import { request } from "@neffos/mvc/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const Now = token<() => number>("Now");
   *
   * class ClockController {
   *   static readonly inject = [Now] as const;
   *   constructor(readonly now: () => number) {}
   *   get() {
   *     return { now: this.now() };
   *   }
   * }
   *
   * await using app = new Application(new Router())
   *   .register(Now, Date.now)
   *   .handle(ClockController)
   *   .override(Now, () => 0);
   *
   * const response = await request(app, "/");
   * assertEquals(await response.json(), { now: 0 });
   * ```
   */
  override<K extends ServiceToken>(
    token: CheckedOverride<K, Registered>,
    value: StandInOf<K>,
  ): this {
    this.#container.override(token as K, value);
    return this;
  }

  /**
   * Makes an application on a party under this one's. It inherits the services
   * and may override them.
   *
   * @param path The path, relative to this application's party.
   * @param middleware Middleware of the new party.
   * @returns The new application.
   * @throws {TypeError} If the path does not begin with a slash.
   */
  party(
    path: string,
    ...middleware: Middleware[]
  ): Application<Registered, Scoped, Shared> {
    const party = this.router.party(path, ...middleware);
    return new Application(party, { parent: this });
  }

  /**
   * Adds middleware around every event of the controllers, those of child
   * applications and later ones included. It also runs around entering and
   * leaving a namespace or a room, which it can refuse.
   *
   * It runs once for each event, even if several controllers share a namespace,
   * and outside of the `static use` of controllers; the middleware of the parent
   * runs first. For HTTP requests, add middleware to the `router`.
   *
   * @param middleware The middleware, the first one outermost.
   * @returns This application.
   * @throws {TypeError} If one of them is not a function, or if a server already
   * has this application as its handler.
   *
   * @example
   * ```ts
   * import { Application, EventError, OnRoomJoin, Router } from "@neffos/mvc";
   *
   * const app = new Application(new Router());
   * app.use((nsConn, msg, next) => {
   *   if (msg.event === OnRoomJoin && msg.room === "staff") {
   *     throw new EventError(`${nsConn.id} is not on the staff`);
   *   }
   *   return next();
   * });
   * ```
   */
  use(...middleware: EventMiddleware[]): this {
    assertMiddleware(middleware, "an application");
    if (this.#isMiddlewareUsed) throw createLateError("use middleware");
    this.#middleware.push(...middleware);
    return this;
  }

  /**
   * Makes a controller's methods routes of this application's party.
   *
   * The name of a method is its route: an HTTP method (`get`, `post`, `put`,
   * `patch`, `delete`, `head`, `options`, or `any`), then a segment of the path
   * for each capitalised word, and `By` for a path parameter. `get` is GET "/",
   * `getUserBy(id)` is GET "/user/:param1", `putUserSettings` is PUT
   * "/user/settings". `static routes` overrides names and adds options; see
   * `ControllerRoutes`. The arguments are the path parameters, percent-decoded;
   * those in the path of the party are only in `ctx.params`. `private` does not
   * exist at run time: every method that is named like a route is one, unless
   * `static routes` has `false` for it.
   *
   * The return value becomes the response: a `Response` as it is, a string as
   * text, bytes and streams as they are, `undefined` and `null` as 204, anything
   * else as JSON, numbers included. A status is given by `status(201, body)`; a
   * pair of a status and an object, `[201, { id }]`, still stands for one, while
   * `[250, 300]` is data. The router handles errors, thrown or returned; see
   * `HttpError`.
   *
   * A class that injects the `Context`, or a service that depends on it or is
   * scoped, is built once for each request, in a scope that is disposed after
   * the response was sent. Any other class is built once. An instance is used as
   * it is. The methods `beforeActivation(b)` and `afterActivation(a)`, static or
   * not, are called during the registration; see `BeforeActivation`.
   *
   * @typeParam C The type of the class or the instance.
   * @param controller The class, or an instance.
   * @returns This application.
   * @throws {TypeError} If it is not a controller, has no routes, has one that
   * can never work or is already registered, or if its `static inject` does not
   * fit its constructor.
   * @throws {DependencyError} If a service is missing, depends on itself or on a
   * connection, or lives shorter than its dependent.
   *
   * @example
   * ```ts
   * import { Application, HttpError, Router, token } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * const Users = token<Map<string, string>>("Users");
   *
   * class UserController {
   *   static readonly inject = [Users] as const;
   *   constructor(readonly users: Map<string, string>) {}
   *
   *   get() {
   *     return [...this.users.keys()];
   *   }
   *   getBy(id: string) {
   *     const name = this.users.get(id);
   *     if (name === undefined) throw new HttpError(404);
   *     return { id, name };
   *   }
   * }
   *
   * const router = new Router();
   * new Application(router.party("/users"))
   *   .register(Users, new Map([["1", "Ann"]]))
   *   .handle(UserController);
   *
   * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
   * const url = `http://localhost:${server.addr.port}/users`;
   * assertEquals(await (await fetch(url)).json(), ["1"]);
   * assertEquals(await (await fetch(`${url}/1`)).json(), { id: "1", name: "Ann" });
   * await server.shutdown();
   * ```
   */
  handle<const C extends object>(
    controller: CheckedHttpController<C, Registered | HttpBuiltIn>,
  ): this {
    const { router } = this;
    activate(controller as object, { router, container: this.#container });
    this.#ofRoutes.add(controller as object);
    return this;
  }

  /**
   * Makes a controller's methods events of its namespace.
   *
   * A class that injects the connection (`NSConn`, `Conn`, `Context`, or a
   * service that depends on them) is built once for each connection in the
   * namespace, and its methods take `(msg)`. Any other class is built once, and
   * an instance is used as it is: their methods take `(nsConn, msg)`. For several
   * namespaces, call it once for each, with `setNamespace()`: each has instances
   * of its own. `beforeActivation()` is called for routes alone; see
   * {@linkcode Application.handle}.
   *
   * @typeParam C The type of the class or the instance.
   * @param controller The class, or an instance.
   * @returns The compiled controller, which can set another namespace, event
   * matcher or timeouts.
   * @throws {TypeError} If it is not a controller, has no methods, its `static
   * inject` does not fit its constructor, or a server already has this
   * application as its handler.
   * @throws {DependencyError} If a service is missing, depends on itself, or
   * lives shorter than its dependent; with the whole path to it.
   */
  handleWebsocket<const C extends object>(
    controller: CheckedController<C, Registered, Scoped, Shared>,
  ): Struct {
    return this.#handle(controller as object);
  }

  /**
   * Returns the handlers of all controllers. The server that has the application
   * as its handler calls it.
   *
   * @param server The server.
   * @returns The handlers.
   * @throws {TypeError} If a controller has no events, or the same one twice,
   * or has `beforeActivation()` or `afterActivation()` and no routes.
   * @throws {DependencyError} If a service already injects another server.
   */
  [handlerSource](server?: ServerApi): NamespaceSource[] {
    // The controllers take no other settings any more, also if this fails.
    this.#isInUse = true;
    if (server instanceof Server) this.#server.fill(server);
    for (const controller of this.#ofEvents) {
      if (!this.#ofRoutes.has(controller)) assertNoHooks(controller);
    }
    this.#useMiddleware();
    return this.#surround(
      this.#structs.flatMap((struct) => struct[handlerSource]()),
    );
  }

  /**
   * Explains what the application consists of: the controllers and services of
   * this application and its child applications, all namespaces of their servers,
   * and all routes of their router. It changes nothing, and may be called before
   * there is a server.
   *
   * The schemas of `static events` and `static routes` are explained as JSON
   * Schema where their library can convert them, or `toJsonSchema` does. `static
   * answers` and `static emits` of a controller are schemas as well, by method
   * and by event: of what its asks are answered with, and of the events that it
   * sends. They describe, and validate nothing.
   *
   * @param options The converter of schemas.
   * @returns The explanation, which prints well and which JSON can carry.
   * @throws {TypeError} If a controller handles an event twice, or the converter
   * throws or returns no object.
   * @throws {DependencyError} If a controller cannot be built any more, since a
   * service was registered again.
   *
   * @example
   * ```ts
   * import { Application, Router } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * class Clock {
   *   now() {
   *     return Date.now();
   *   }
   * }
   * class TimeController {
   *   static readonly inject = [Clock] as const;
   *   constructor(readonly clock: Clock) {}
   *   getNowBy(zone: string) {
   *     return `${this.clock.now()} in ${zone}`;
   *   }
   * }
   *
   * const app = new Application(new Router())
   *   .singleton(Clock)
   *   .handle(TimeController);
   * assertEquals(
   *   `${app.explain()}`,
   *   `
   * Routes
   *   GET  /now/:param1  TimeController.getNowBy  param1: string
   *
   * Controllers
   *   TimeController  one for all  with Clock
   *
   * Services
   *   Clock  singleton  for TimeController`.trim(),
   * );
   * ```
   */
  explain(options: ExplainOptions = {}): Explanation {
    return explain({
      ...options,
      applications: this.#listFamily().map((each) => ({
        container: each.#container,
        server: each.#server.own,
        sources: each.#surround(
          each.#structs.flatMap((struct) => struct.read()),
        ),
      })),
      routes: routesOf(this.#findRouter()),
      builtIn: BUILT_IN,
    });
  }

  /** Disposes the singletons, in reverse order of creation. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#container[Symbol.asyncDispose]();
  }

  /** The types of the public methods say what was registered. */
  #registered(): Application<ServiceToken, unknown, unknown> {
    return this as Application as Application<ServiceToken, unknown, unknown>;
  }

  #useMiddleware(): void {
    this.#isMiddlewareUsed = true;
    if (this.#parent !== undefined) this.#parent.#useMiddleware();
  }

  #surround(sources: readonly NamespaceSource[]): NamespaceSource[] {
    const around = this.#allMiddleware();
    return sources.map((source) => ({ ...source, around }));
  }

  #allMiddleware(): EventMiddleware[] {
    const outer = this.#parent ? this.#parent.#allMiddleware() : [];
    return [...outer, ...this.#middleware];
  }

  #listFamily(): Application[] {
    return [
      this.#registered(),
      ...this.#children.flatMap((child) => child.#listFamily()),
    ];
  }

  #findRouter(): Router {
    let party: Party<unknown> = this.router;
    while (party.parent !== undefined) party = party.parent;
    // Only a router has no parent.
    return party as Router;
  }

  #handle(controller: object): Struct {
    if (this.#isInUse) {
      throw createLateError(`handle ${describeController(controller)}`);
    }
    assertController(controller, describeController(controller));
    const struct = this.#controllers.createStruct(controller);
    this.#structs.push(struct);
    this.#ofEvents.add(controller);
    return struct;
  }
}

function createLateError(action: string): TypeError {
  return new TypeError(
    `Cannot ${action}: a server was already made of this application, and it must be done before`,
  );
}

const PROVIDED = [NSConn, Conn, Context];

const BUILT_IN: ReadonlySet<ServiceToken> = new Set<ServiceToken>([
  ...PROVIDED,
  Server,
  Application,
]);

function createRootContainer(): Container<ServiceToken> {
  return new Container<ServiceToken>({ provided: PROVIDED });
}
