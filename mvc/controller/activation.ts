/**
 * How a controller becomes routes of a party.
 *
 * @module
 */

import {
  findStaticOwner,
  listMethods,
  type Method,
} from "../../neffos/internal.ts";
import type { Container } from "../container/container.ts";
import type { ServiceToken } from "../container/tokens.ts";
import { joinPath } from "../http/path.ts";
import type { Middleware } from "../router/handlers.ts";
import type { Party } from "../router/party.ts";
import { comparePatterns, listParams } from "../router/pattern.ts";
import { isConstructor } from "./factory.ts";
import type {
  AfterActivation,
  BeforeActivation,
  ControllerRoute,
} from "./http_controller.ts";
import { type Bind, bindClass, bindObject, compileInvoke } from "./invoke.ts";
import {
  assertNoEvent,
  type Entry,
  type Input,
  readEntry,
} from "./route_entries.ts";

/** Where a controller's routes go, and where its services come from. */
export interface Place {
  readonly router: Party;
  readonly container: Container<ServiceToken>;
}

/**
 * Compiles a controller into routes.
 *
 * @throws {TypeError} If it is none, or a route of it could never work.
 * @throws {DependencyError} If a class can never be built for a request.
 */
export function activate(controller: object, place: Place): void {
  const methods = listMethods(assertController(controller));
  const name = describe(controller);
  assertNoUse(name, controller, methods);
  const activation = new Activation(name, methods, place.router);
  activation.addEntries(statics(controller).routes);
  callHook("beforeActivation", controller, activation);
  const routes = activation.register(
    isConstructor(controller)
      ? bindClass(controller, place.container)
      : bindObject(controller),
  );
  const after: AfterActivation = { router: place.router, routes };
  callHook("afterActivation", controller, after);
}

interface Draft extends Entry {
  /** The names of the parameters in its own path. */
  readonly params: readonly string[];
}

/** Collects what a controller registers, until it is registered. */
class Activation implements BeforeActivation {
  readonly router: Party;
  readonly #name: string;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #inputs = new Map<string, Input>();
  readonly #drafts: Draft[] = [];
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
    for (const each of middleware) assertMiddleware(each, this.#name);
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
    for (const each of use) assertMiddleware(each, this.#name);
    const input = this.#inputs.get(methodName) ?? {};
    this.#add({ method, path, methodName, input, use });
    return this;
  }

  /** Adds the routes that names and `static routes` say. */
  addEntries(routes: unknown = {}): void {
    if (typeof routes !== "object" || routes === null) {
      throw new TypeError(
        `Cannot make routes of ${this.#name}: its "static routes" should be an object, not ${
          routes === null ? "null" : typeof routes
        }`,
      );
    }
    const entries = new Map<string, unknown>(Object.entries(routes));
    for (const key of entries.keys()) {
      if (!this.#methods.has(key)) {
        throw new TypeError(
          `Cannot make a route of ${this.#name}.${key}: "static routes" should name methods, those are ${
            [...this.#methods.keys()].join(", ") || "none"
          }`,
        );
      }
    }
    const taken = listParams(this.router.path).map(({ name }) => name);
    for (const methodName of this.#methods.keys()) {
      const entry = readEntry(methodName, {
        name: this.#name,
        taken,
        entry: entries.get(methodName),
      });
      if (entry === undefined) continue;
      this.#inputs.set(methodName, entry.input);
      this.#add(entry);
    }
  }

  /** Registers what was collected; nothing more is taken from here on. */
  register(bind: Bind): ControllerRoute[] {
    this.#isOver = true;
    if (this.#drafts.length === 0) {
      throw new TypeError(
        `Cannot handle requests with ${this.#name}: none of its methods (${
          [...this.#methods.keys()].join(", ")
        }) is a route, name one like its method and path, for instance getBy(id), or list it in "static readonly routes"`,
      );
    }
    return this.#drafts.toSorted((a, b) => comparePatterns(a.path, b.path)).map(
      (draft) => {
        const { method, path, methodName, use } = draft;
        const handler = bind(compileInvoke(draft));
        // What `Router.explain()` shows.
        const name = `${this.#name}.${methodName}`;
        Object.defineProperty(handler, "name", { value: name });
        const middleware = [...this.#middleware, ...use];
        this.router.handle(method, path, ...middleware, handler);
        return {
          method: method.toUpperCase(),
          path: joinPath(this.router.path, path),
          methodName,
        };
      },
    );
  }

  #add(entry: Entry): void {
    const whole = joinPath(this.router.path, entry.path);
    const params = listParams(whole)
      .slice(listParams(this.router.path).length)
      .map(({ name }) => name);
    const { body, query } = entry.input;
    const given = [
      ...params,
      ...(body ? ["body"] : []),
      ...(query ? ["query"] : []),
    ];
    const taken = this.#methods.get(entry.methodName)!.length;
    if (taken > given.length) {
      throw new TypeError(
        `Cannot register ${entry.method} "${whole}": ${this.#name}.${entry.methodName} takes ${taken} arguments, and its route gives ${
          given.length === 0 ? "none" : `${given.length} (${given.join(", ")})`
        }`,
      );
    }
    this.#drafts.push({ ...entry, params });
  }

  #assertOpen(action: string): void {
    if (!this.#isOver) return;
    throw new TypeError(
      `Cannot ${action}: ${this.#name} is activated already, and beforeActivation() should do it before it returns`,
    );
  }
}

/** What `static` members of a controller can say. */
interface Statics {
  readonly routes?: unknown;
  readonly use?: unknown;
  readonly beforeActivation?: unknown;
  readonly afterActivation?: unknown;
}

function statics(controller: object): Statics {
  // A class may have any static members; each is checked where it is read.
  return (findStaticOwner(controller) ?? {}) as Statics;
}

/** Calls a hook: the class's own if there is one, else that of its objects. */
function callHook(
  key: "beforeActivation" | "afterActivation",
  controller: object,
  argument: BeforeActivation | AfterActivation,
): void {
  const Class = statics(controller);
  const object: Statics = isConstructor(controller)
    ? controller.prototype
    : controller;
  const owner = typeof Class[key] === "function" ? Class : object;
  const hook = owner[key];
  if (typeof hook !== "function") return;
  if (hook.call(owner, argument) instanceof Promise) {
    throw new TypeError(
      `Cannot handle requests with ${
        describe(controller)
      }: its ${key}() returned a promise, and nothing would wait for it`,
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

/** A guard that nothing runs would be a hole. */
function assertNoUse(
  name: string,
  controller: object,
  methods: ReadonlyMap<string, Method>,
): void {
  if (statics(controller).use === undefined) return;
  for (const each of methods.keys()) if (/^[oO]n./.test(each)) return;
  throw new TypeError(
    `Cannot handle requests with ${name}: its "static use" is middleware for the events of a websocket, and it has none; HTTP middleware goes into "static routes", into b.use() of beforeActivation(b), or to the party`,
  );
}

function assertMiddleware(middleware: unknown, name: string): void {
  if (typeof middleware === "function") return;
  throw new TypeError(
    `Cannot use middleware in ${name}: "${
      String(middleware)
    }" should be a function`,
  );
}

function describe(controller: object): string {
  return (isConstructor(controller)
    ? controller.name
    : controller.constructor?.name) || "(unnamed)";
}
