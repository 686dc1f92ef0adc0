/**
 * {@linkcode Application}: controllers and their services, on a party of a
 * router.
 *
 * @module
 */

import { assertMiddleware } from "../neffos/internal.ts";
import {
  Conn,
  type EventMiddleware,
  type HandlerSource,
  handlerSource,
  type NamespaceSource,
  NSConn,
  Server,
  type ServerApi,
  Struct,
} from "../neffos/mod.ts";
import type {
  CheckedClass,
  CheckedDeps,
  CheckedSingletonDeps,
  Exactly,
  ExactlyEach,
} from "./container/checks.ts";
import { Container } from "./container/container.ts";
import type { Factory } from "./container/provider.ts";
import type {
  ClassToken,
  Constructor,
  Dependency,
  Optional,
  ServiceOf,
  ServiceToken,
} from "./container/tokens.ts";
import { activate } from "./controller/activation.ts";
import type { CheckedEvents } from "./controller/event_checks.ts";
import { ControllerFactory, isConstructor } from "./controller/factory.ts";
import type { CheckedHttpController } from "./controller/http_controller.ts";
import { Context } from "./http/context.ts";
import type { Middleware } from "./router/handlers.ts";
import type { Party } from "./router/party.ts";

/** The tokens that every Application knows. */
export type BuiltIn =
  | PerConnection
  | typeof Server
  | typeof Application;

/** The tokens that every HTTP controller of an Application may ask for. */
export type HttpBuiltIn =
  | typeof Server
  | typeof Context
  | typeof Application;

/** The tokens of what each connection, or each request, has of its own. */
export type PerConnection = typeof NSConn | typeof Conn | typeof Context;

/**
 * Whose a controller is: each connection has one of its own (`"own"`), all
 * share one (`"shared"`), or the types do not say (`"either"`).
 *
 * @typeParam C The type of the class.
 * @typeParam Scoped The union of the types of the scoped tokens.
 * @typeParam Shared The union of the types of those that are not scoped.
 */
export type LifeOf<C, Scoped, Shared> = C extends
  { readonly inject: infer Inject extends readonly unknown[] }
  ? StrictestOf<LifeOfDep<Inject[number], Scoped, Shared>>
  : "shared";

/**
 * Distributes over dependencies.
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
 * One dependency of a connection's own is enough.
 *
 * @internal
 */
type StrictestOf<Lives> = "own" extends Lives ? "own"
  : "either" extends Lives ? "either"
  : "shared";

/**
 * The check of a controller: of a class also what `CheckedClass` checks; of
 * an instance its methods.
 *
 * @typeParam C The type of the class or the instance.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the scoped ones.
 * @typeParam Shared The union of the types of those that are not scoped.
 */
export type CheckedController<C, Registered, Scoped = never, Shared = never> =
  C extends ClassToken<infer Instance> ?
      & CheckedClass<C, Registered, BuiltIn>
      & ([ServiceToken] extends [Registered] ? unknown
        : CheckedEvents<C, Instance, LifeOf<C, Scoped, Shared>>)
    : C & CheckedEvents<C, C, "shared">;

/**
 * Controllers and their services, on a party of a router. It is what handles
 * the connections of a `Server`.
 *
 * Each call that registers a service returns the application with the
 * service's token added to its type, so that the compiler knows what a
 * controller can be given.
 *
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of those that are built for each
 * request or connection.
 * @typeParam Shared The union of the types of those that are built once.
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
 */
export class Application<
  const in Registered extends ServiceToken = never,
  const in Scoped = never,
  const in Shared = never,
> implements HandlerSource, AsyncDisposable {
  /** The party of the router that it stands on. */
  readonly router: Party;
  readonly #container: Container<ServiceToken>;
  readonly #controllers: ControllerFactory;
  readonly #parent: Application | undefined;
  readonly #structs: Struct[] = [];
  readonly #middleware: EventMiddleware[] = [];
  #server: Server | undefined;
  /** The server that was last made of a party below. */
  #lent: Server | undefined;
  #isInUse = false;
  #isMiddlewareUsed = false;

  /**
   * Makes an application.
   *
   * @param party The party of a router, or the router itself.
   * @param options The application whose services are inherited, if any; see
   * {@linkcode Application.party}.
   */
  constructor(party: Party, options: { parent?: Application } = {}) {
    this.router = party;
    const { parent } = options;
    this.#parent = parent;
    this.#container = parent
      ? parent.#container.createChild()
      : rootContainer();
    this.#controllers = new ControllerFactory(this.#container);
    this.#container.register(Application, this.#registered());
    // A child has its parent's server, until one is made of itself.
    if (parent === undefined) {
      this.#container.singleton(Server, [], failWithoutServer);
    }
  }

  /** The container of its services, which are not known to the compiler. */
  get container(): Container<ServiceToken> {
    return this.#container;
  }

  /**
   * Registers a service as it is. The application never disposes it.
   *
   * @param token What it is asked for by.
   * @param value The service.
   * @returns This application.
   * @throws {TypeError} When the token is none.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  register<K extends ServiceToken>(
    token: K,
    value: ServiceOf<K>,
  ): Application<Registered | K, Scoped, Shared | K> {
    this.#container.register(token, value);
    return this.#registered();
  }

  /**
   * Registers a class that is built at most once, on first use, with what its
   * `static inject` lists.
   *
   * @param token The class.
   * @returns This application.
   * @throws {TypeError} When its `static inject` does not fit.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  singleton<C extends Constructor>(
    token: CheckedClass<C, Registered, BuiltIn, Scoped | PerConnection, Shared>,
  ): Application<Registered | C, Scoped, Shared | C>;
  /**
   * Registers a class as the implementation of a token, built at most once,
   * on first use, with what its `static inject` lists.
   *
   * @param token What it is asked for by.
   * @param implementation The class.
   * @returns This application.
   * @throws {TypeError} When its `static inject` does not fit.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  singleton<K extends ServiceToken, C extends Constructor<ServiceOf<K>>>(
    token: K,
    implementation: CheckedClass<
      C,
      Registered,
      BuiltIn,
      Scoped | PerConnection,
      Shared
    >,
  ): Application<Registered | K, Scoped, Shared | K>;
  /**
   * Registers a service that is built at most once, on first use. Uses at the
   * same time share one build; a failed build is not kept.
   *
   * @param token What it is asked for by.
   * @param deps The tokens of what it is built with.
   * @param factory Builds it.
   * @returns This application.
   * @throws {TypeError} When an argument is of the wrong kind.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  singleton<K extends ServiceToken, const Deps extends readonly Dependency[]>(
    token: K,
    deps:
      & Deps
      & CheckedSingletonDeps<
        Deps,
        Registered | BuiltIn,
        Scoped | PerConnection,
        Shared
      >,
    factory: Factory<Deps, ServiceOf<K>>,
  ): Application<Registered | K, Scoped, Shared | K>;
  singleton(...args: never[]): Application<ServiceToken, unknown, unknown> {
    // The overloads above are those of the container.
    const register: (...args: never[]) => unknown = this.#container.singleton;
    register.apply(this.#container, args);
    return this.#registered();
  }

  /**
   * Registers a class that is built once for each request, or for each
   * connection in a namespace, with what its `static inject` lists.
   *
   * @param token The class.
   * @returns This application.
   * @throws {TypeError} When its `static inject` does not fit.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  scoped<C extends Constructor>(
    token: CheckedClass<C, Registered, BuiltIn>,
  ): Application<Registered | C, Scoped | C, Shared>;
  /**
   * Registers a class as the implementation of a token, built once for each
   * request, or for each connection in a namespace, with what its `static
   * inject` lists.
   *
   * @param token What it is asked for by.
   * @param implementation The class.
   * @returns This application.
   * @throws {TypeError} When its `static inject` does not fit.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  scoped<K extends ServiceToken, C extends Constructor<ServiceOf<K>>>(
    token: K,
    implementation: CheckedClass<C, Registered, BuiltIn>,
  ): Application<Registered | K, Scoped | K, Shared>;
  /**
   * Registers a service that is built once for each request, or for each
   * connection in a namespace, however many ask for it there.
   *
   * @param token What it is asked for by.
   * @param deps The tokens of what it is built with.
   * @param factory Builds it.
   * @returns This application.
   * @throws {TypeError} When an argument is of the wrong kind.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  scoped<K extends ServiceToken, const Deps extends readonly Dependency[]>(
    token: K,
    deps: Deps & CheckedDeps<Deps, Registered | BuiltIn>,
    factory: Factory<Deps, ServiceOf<K>>,
  ): Application<Registered | K, Scoped | K, Shared>;
  scoped(...args: never[]): Application<ServiceToken, unknown, unknown> {
    // The overloads above are those of the container.
    const register: (...args: never[]) => unknown = this.#container.scoped;
    register.apply(this.#container, args);
    return this.#registered();
  }

  /**
   * Makes an application on a party below this one. It inherits the services
   * and may override them.
   *
   * @param path The path below this application's party.
   * @param middleware What runs before the party's handlers.
   * @returns The application.
   * @throws {TypeError} When the path is not valid.
   */
  party(
    path: string,
    ...middleware: Middleware[]
  ): Application<Registered, Scoped, Shared> {
    const party = this.router.party(path, ...middleware);
    return new Application(party, { parent: this });
  }

  /**
   * Adds middleware around every event of the controllers, the ones that come
   * later and those of the parties below included. It also runs around
   * connecting and leaving, joining and leaving a room, where it can refuse.
   *
   * It runs once for each event, also where several controllers share a
   * namespace, outside of the `static use` of controllers, the parent's first.
   * What runs around HTTP requests is the middleware of the `router`.
   *
   * @param middleware The middleware, the first one outermost.
   * @returns This application.
   * @throws {TypeError} When one of them is no function; or when a server was
   * made of the application already.
   *
   * @example
   * ```ts
   * import { Application, EventError, OnRoomJoin, Router } from "@neffos/mvc";
   *
   * const app = new Application(new Router());
   * app.use((nsConn, msg, next) => {
   *   if (msg.event === OnRoomJoin && msg.room === "staff") {
   *     throw new EventError(`${nsConn.id} is not of the staff`);
   *   }
   *   return next();
   * });
   * ```
   */
  use(...middleware: EventMiddleware[]): this {
    assertMiddleware(middleware, "an application");
    if (this.#isMiddlewareUsed) throw tooLate("use middleware");
    this.#middleware.push(...middleware);
    return this;
  }

  /**
   * Makes a controller's methods routes of this application's party.
   *
   * A method's name says its route: an HTTP verb (`get`, `post`, `put`, `patch`,
   * `delete`, `head`, `options`, or `any`), then a segment of the path for each
   * capitalised word, and `By` for a path parameter. `get` is GET "/",
   * `getUserBy(id)` is GET "/user/:…", `putUserSettings` is PUT
   * "/user/settings". `static routes` says it otherwise, or says more; see
   * `ControllerRoutes`. The path parameters are the arguments, percent-decoded;
   * those in the path of the party are in `ctx.params` alone. `private` does not
   * exist at run time: whatever is named like a route is one, unless `static
   * routes` has `false` for it.
   *
   * What a method returns is the answer: a `Response` as it is, a string as
   * text, bytes and streams as they are, `[status, body]` with that status,
   * nothing as 204, anything else as JSON. What it throws, and an error that it
   * returns, goes the router's way; see `HttpError`.
   *
   * A class that is given the `Context`, or a service that depends on it or is
   * scoped, is built once for each request, in a scope that is disposed when the
   * response has been sent. Any other class is built once, and an instance is
   * taken as it is. The methods `beforeActivation(b)` and `afterActivation(a)`,
   * static or not, are called while it is registered; see `BeforeActivation`.
   *
   * @typeParam C The type of the class or the instance.
   * @param controller The class, or an instance.
   * @returns This application.
   * @throws {TypeError} When it is no controller, has no routes, one that could
   * never work or is registered already, or its `static inject` does not fit its
   * constructor.
   * @throws {DependencyError} When a service is missing, depends on itself or on
   * a connection, or could not live as long as it must.
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
    controller: CheckedHttpController<C, Registered, HttpBuiltIn>,
  ): this {
    const { router } = this;
    activate(controller as object, { router, container: this.#container });
    return this;
  }

  /**
   * Makes a controller's methods the events of its namespace.
   *
   * A class that is given the connection (`NSConn`, `Conn`, `Context`, or a
   * service that depends on them) is built once for each connection in the
   * namespace, and its methods take `(msg)`. Any other class is built once,
   * and an instance is taken as it is: their methods take `(nsConn, msg)`.
   *
   * @typeParam C The type of the class or the instance.
   * @param controller The class, or an instance.
   * @returns The compiled controller, to change its namespace, its matcher or
   * its time limits.
   * @throws {TypeError} When it is no controller, has no methods, or its
   * `static inject` does not fit its constructor; or when a server was made of
   * the application already.
   * @throws {DependencyError} When a service is missing, depends on itself, or
   * could not live as long as it must; with the whole path to it.
   */
  handleWebsocket<const C extends object>(
    controller: CheckedController<C, Registered, Scoped, Shared>,
  ): Struct {
    return this.#handle(controller as object);
  }

  /**
   * Gives the handlers of all controllers, to the server that is made of the
   * application.
   *
   * @param server The server.
   * @returns The handlers.
   * @throws {TypeError} When a controller has no events, or one twice.
   * @throws {DependencyError} When a service was given another server before.
   */
  [handlerSource](server?: ServerApi): NamespaceSource[] {
    this.#isInUse = true;
    if (server instanceof Server) this.#setServer(server);
    const around = this.#allMiddleware();
    return this.#structs
      .flatMap((struct) => struct[handlerSource]())
      .map((source) => ({ ...source, around }));
  }

  /** Disposes the singletons, in reverse order of their creation. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#container[Symbol.asyncDispose]();
  }

  #setServer(server: Server): void {
    if (this.#server !== undefined && this.#server !== server) {
      throw new TypeError(
        "Cannot make a second server of this application: its controllers are given the first one; make an application for each",
      );
    }
    this.#server = server;
    this.#container.register(Server, server);
    // What the parents share with this one may want the server as well.
    for (let each = this.#parent; each; each = each.#parent) {
      each.#lendServer(server);
    }
  }

  /** Takes the server of a party below, unless there are several. */
  #lendServer(server: Server): void {
    if (this.#server !== undefined || this.#lent === server) return;
    if (this.#lent === undefined) this.#container.register(Server, server);
    else this.#container.singleton(Server, [], failBetweenServers);
    this.#lent = server;
  }

  /** Its callers' types say what was registered. */
  #registered(): Application<ServiceToken, unknown, unknown> {
    return this as Application as Application<ServiceToken, unknown, unknown>;
  }

  #allMiddleware(): EventMiddleware[] {
    this.#isMiddlewareUsed = true;
    const outer = this.#parent ? this.#parent.#allMiddleware() : [];
    return [...outer, ...this.#middleware];
  }

  #handle(controller: object): Struct {
    if (this.#isInUse) throw tooLate(`handle ${describe(controller)}`);
    const struct = isConstructor(controller)
      ? this.#controllers.structOf(controller)
      : new Struct(controller);
    this.#structs.push(struct);
    return struct;
  }
}

function failBetweenServers(): never {
  throw new TypeError(
    "Cannot inject the Server: several were made of the parties of this application, and what they share should not depend on one",
  );
}

function failWithoutServer(): never {
  throw new TypeError(
    "Cannot inject the Server: no server was made of this application",
  );
}

function tooLate(action: string): TypeError {
  return new TypeError(
    `Cannot ${action}: a server was already made of this application, so do it before`,
  );
}

function rootContainer(): Container<ServiceToken> {
  return new Container<ServiceToken>({ provided: [NSConn, Conn, Context] });
}

function describe(controller: object): string {
  return isConstructor(controller)
    ? controller.name
    : controller?.constructor?.name ?? "the controller";
}
