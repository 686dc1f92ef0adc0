/**
 * How a controller becomes routes of a party.
 *
 * @module
 */

import {
  beginsWith,
  findStaticOwner,
  listMethods,
  type Method,
} from "../../neffos/internal.ts";
import type { Container } from "../container/container.ts";
import { isConstructor, type ServiceToken } from "../container/tokens.ts";
import { joinPath } from "../http/path.ts";
import {
  assertFunctions,
  type Middleware,
  type RouteHandler,
} from "../router/handlers.ts";
import type { Party } from "../router/party.ts";
import { comparePatterns } from "../router/pattern.ts";
import type {
  AfterActivation,
  BeforeActivation,
  ControllerRoute,
} from "./http_controller.ts";
import { compileCall, handleByClass, handleByObject } from "./invoke.ts";
import { assertNoFunctionFields, assertNoMistakes } from "./mistakes.ts";
import {
  assertNoEvent,
  listOwnParams,
  type MethodRoute,
  readMethodRoute,
  type RouteInput,
} from "./method_route.ts";

/** A route that calls a method of a controller, and where its services are. */
export interface HandledRoute {
  readonly controller: object;
  readonly container: Container<ServiceToken>;
  readonly input: RouteInput;
}

const handledRoute = Symbol("neffos.handledRoute");

/** Finds the controller's method behind the handler of a route. */
export function findHandledRoute(
  handler: RouteHandler,
): HandledRoute | undefined {
  return (handler as { readonly [handledRoute]?: HandledRoute })[handledRoute];
}

/**
 * Compiles a controller into routes of a party.
 *
 * @throws {TypeError} If it is not a controller, or one of its routes can never
 * work.
 * @throws {DependencyError} If its class can never be built for a request.
 */
export function activate(
  controller: object,
  { router, container }: { router: Party; container: Container<ServiceToken> },
): void {
  const methods = listMethods(assertController(controller));
  const name = describeController(controller);
  assertNoUse(name, controller, methods);
  const entries = readRoutes(name, controller);
  const excluded = new Set(
    [...entries.keys()].filter((key) => entries.get(key) === false),
  );
  const checked = { name, controller, excluded };
  assertNoMistakes(checked);
  const activation = new Activation(name, methods, router);
  activation.addMethods(entries);
  callHook("beforeActivation", controller, activation);
  const makeHandler = isConstructor(controller)
    ? handleByClass(
      controller,
      container,
      (instance) => assertNoFunctionFields(instance, checked),
    )
    : handleByObject(controller);
  const routes = activation.register((route) =>
    Object.assign(makeHandler(compileCall(route)), {
      [handledRoute]: { controller, container, input: route.input },
    })
  );
  const after: AfterActivation = { router, routes };
  callHook("afterActivation", controller, after);
}

/** Collects the routes of a controller, until they are registered. */
class Activation implements BeforeActivation {
  readonly router: Party;
  readonly #name: string;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #routes: MethodRoute[] = [];
  readonly #middleware: Middleware[] = [];
  #isOver = false;

  constructor(
    name: string,
    methods: ReadonlyMap<string, Method>,
    router: Party,
  ) {
    this.router = router;
    this.#name = name;
    this.#methods = methods;
  }

  use(...middleware: Middleware[]): this {
    this.#assertOpen("use middleware");
    assertFunctions(middleware, `use middleware in ${this.#name}`);
    this.#middleware.push(...middleware);
    return this;
  }

  handle(
    method: string,
    path: string,
    methodName: string,
    ...use: Middleware[]
  ): this {
    this.#assertOpen(`register ${method} "${path}"`);
    if (!this.#methods.has(methodName)) {
      throw new TypeError(
        `Cannot register ${method} "${path}": ${this.#name} has no method "${methodName}"`,
      );
    }
    assertNoEvent(`${this.#name}.${methodName}`, methodName);
    assertFunctions(use, `use middleware in ${this.#name}`);
    const own = this.#routes.find((route) => route.methodName === methodName);
    const params = listOwnParams(this.router.path, path);
    const input = own?.input ?? {};
    this.#add({ methodName, method, path, params, input, use });
    return this;
  }

  /** Adds the routes of names and of `static routes`. */
  addMethods(entries: ReadonlyMap<string, unknown>): void {
    for (const [key, entry] of entries) {
      // A field may be excluded as well.
      if (!this.#methods.has(key) && entry !== false) {
        throw new TypeError(
          `Cannot make a route of ${this.#name}.${key}: "static routes" must name methods; the methods are ${
            [...this.#methods.keys()].join(", ") || "none"
          }`,
        );
      }
    }
    for (const methodName of this.#methods.keys()) {
      const route = readMethodRoute(methodName, {
        controller: this.#name,
        party: this.router.path,
        entry: entries.get(methodName),
      });
      if (route !== undefined) this.#add(route);
    }
  }

  /** Registers the collected routes, and takes no more. */
  register(
    makeHandler: (route: MethodRoute) => RouteHandler,
  ): ControllerRoute[] {
    this.#isOver = true;
    if (this.#routes.length === 0) {
      throw new TypeError(
        `Cannot handle requests with ${this.#name}: none of its methods (${
          [...this.#methods.keys()].join(", ")
        }) is a route; name one after its method and path, for instance getBy(id), or list it in "static readonly routes"`,
      );
    }
    const routes = this.#routes
      .toSorted((a, b) => comparePatterns(a.path, b.path));
    return routes.map((route) => {
      const { method, path, methodName, use } = route;
      const handler = makeHandler(route);
      // For `Router.explain()`.
      const name = `${this.#name}.${methodName}`;
      Object.defineProperty(handler, "name", { value: name });
      const middleware = [...this.#middleware, ...use];
      this.router.handle(method, path, ...middleware, handler);
      return {
        method: method.toUpperCase(),
        path: joinPath(this.router.path, path),
        methodName,
      };
    });
  }

  #add(route: MethodRoute): void {
    const { methodName, method, path, params, input: { body, query } } = route;
    const given = [
      ...params,
      ...(body ? ["body"] : []),
      ...(query ? ["query"] : []),
    ];
    const taken = this.#methods.get(methodName)!.length;
    if (taken > given.length) {
      const whole = joinPath(this.router.path, path);
      throw new TypeError(
        `Cannot register ${method} "${whole}": ${this.#name}.${methodName} takes ${taken} arguments, and its route gives ${
          given.length === 0 ? "none" : `${given.length} (${given.join(", ")})`
        }`,
      );
    }
    this.#routes.push(route);
  }

  #assertOpen(action: string): void {
    if (!this.#isOver) return;
    throw new TypeError(
      `Cannot ${action}: ${this.#name} is already activated, and beforeActivation() must do it before it returns`,
    );
  }
}

/** The `static` members of a controller that configure it. */
interface Statics {
  readonly routes?: unknown;
  readonly use?: unknown;
  readonly beforeActivation?: unknown;
  readonly afterActivation?: unknown;
}

function readStatics(controller: object): Statics {
  // A class may have any static members; each is checked where it is read.
  return (findStaticOwner(controller) ?? {}) as Statics;
}

function readRoutes(name: string, controller: object): Map<string, unknown> {
  const { routes = {} } = readStatics(controller);
  if (typeof routes === "object" && routes !== null) {
    return new Map<string, unknown>(Object.entries(routes));
  }
  throw new TypeError(
    `Cannot make routes of ${name}: its "static routes" must be an object, not ${
      routes === null ? "null" : typeof routes
    }`,
  );
}

/** Calls a hook: the static one if there is one, else that of the instances. */
function callHook(
  key: "beforeActivation" | "afterActivation",
  controller: object,
  argument: BeforeActivation | AfterActivation,
): void {
  const Class = readStatics(controller);
  const object: Statics = isConstructor(controller)
    ? controller.prototype
    : controller;
  const owner = typeof Class[key] === "function" ? Class : object;
  const hook = owner[key];
  if (typeof hook !== "function") return;
  if (hook.call(owner, argument) instanceof Promise) {
    throw new TypeError(
      `Cannot handle requests with ${
        describeController(controller)
      }: its ${key}() returned a promise, and must not be async`,
    );
  }
}

function assertController(controller: unknown): object {
  if (typeof controller === "function") return controller;
  if (typeof controller === "object" && controller !== null) return controller;
  throw new TypeError(
    `Cannot handle requests with ${
      controller === null ? "null" : `a ${typeof controller}`
    }: a controller must be a class or an object`,
  );
}

/** Refuses `static use` without events: a guard that never runs is a hole. */
function assertNoUse(
  name: string,
  controller: object,
  methods: ReadonlyMap<string, Method>,
): void {
  if (readStatics(controller).use === undefined) return;
  for (const each of methods.keys()) if (beginsWith(each, "on")) return;
  throw new TypeError(
    `Cannot handle requests with ${name}: its "static use" is middleware for websocket events, and it has none; put HTTP middleware into "static routes", into b.use() of beforeActivation(b), or on the party`,
  );
}

/**
 * Refuses a websocket controller with hooks that nobody calls: only
 * {@linkcode activate} does.
 *
 * @throws {TypeError} If it has one.
 */
export function assertNoHooks(controller: object): void {
  const Class = readStatics(controller);
  const object: Statics = isConstructor(controller)
    ? controller.prototype
    : controller;
  for (const key of ["beforeActivation", "afterActivation"] as const) {
    if (typeof (Class[key] ?? object[key]) !== "function") continue;
    throw new TypeError(
      `Cannot handle events with ${
        describeController(controller)
      }: its ${key}() is called for routes alone; call handle() of the application as well, or remove it`,
    );
  }
}

/** Reads the name of a controller's class. */
export function describeController(controller: object): string {
  return (isConstructor(controller)
    ? controller.name
    : controller?.constructor?.name) || "(unnamed)";
}
