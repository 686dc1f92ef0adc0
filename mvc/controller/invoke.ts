/**
 * How a request calls a method of a controller: of a shared instance, or of one
 * built for the request.
 *
 * @module
 */

import { isInstance } from "../../neffos/internal.ts";
import { EventError } from "../../neffos/mod.ts";
import type { Container } from "../container/container.ts";
import type { Plan } from "../container/plan.ts";
import type { Scope } from "../container/scope.ts";
import type { Constructor, ServiceToken } from "../container/tokens.ts";
import { collectQuery, readBody, validate } from "../http/body.ts";
import { Context, runAfterAnswer } from "../http/context.ts";
import { HttpError } from "../http/http_error.ts";
import { toResponse } from "../http/response.ts";
import type { RouteHandler } from "../router/handlers.ts";
import type { MethodRoute } from "./method_route.ts";

/** A method of a controller as the answer to a request. */
export interface MethodCall {
  /** Reads and validates the arguments; no promise if they are in the path. */
  readonly readArguments: (ctx: Context) => unknown[] | Promise<unknown[]>;
  /** Calls the method of an instance. */
  readonly invoke: (
    instance: object,
    args: readonly unknown[],
  ) => Response | Promise<Response>;
}

/** Makes the handler of a route, with an instance for each call. */
export type HandlerFactory = (call: MethodCall) => RouteHandler;

/** Calls a method once its arguments are there. */
type Invocation = (
  ctx: Context,
  args: readonly unknown[],
) => Response | Promise<Response>;

/** Calls the methods of one object. */
export function handleByObject(instance: object): HandlerFactory {
  return (call) =>
    makeHandler(call, (_ctx, args) => call.invoke(instance, args));
}

/** Makes a handler that reads the arguments before it makes anything else. */
function makeHandler(
  { readArguments }: MethodCall,
  invoke: Invocation,
): RouteHandler {
  return (ctx) => {
    const args = readArguments(ctx);
    return args instanceof Promise
      ? args.then((args) => invoke(ctx, args))
      : invoke(ctx, args);
  };
}

/**
 * Calls the methods of a class's instances: of one for all requests, or, if it
 * depends on anything that lives in a scope, of one for each request.
 *
 * @param check Checks the first instance.
 * @throws {DependencyError} If the class can never be built for a request.
 * @throws {TypeError} If its `static inject` does not fit its constructor.
 */
export function handleByClass(
  Class: Constructor<object>,
  container: Container<ServiceToken>,
  check: (instance: object) => void,
): HandlerFactory {
  const options = { provided: [Context] };
  const instances = new Instances(
    container,
    container.compile(Class, options) as Plan<object>,
    check,
  );
  return (call) =>
    makeHandler(call, (ctx, args) => instances.handle(ctx, call, args));
}

class Instances {
  readonly #container: Container<ServiceToken>;
  readonly #plan: Plan<object>;
  readonly #check: (instance: object) => void;
  #isChecked = false;
  #shared: object | undefined;
  #pending: Promise<object> | undefined;

  constructor(
    container: Container<ServiceToken>,
    plan: Plan<object>,
    check: (instance: object) => void,
  ) {
    this.#container = container;
    this.#plan = plan;
    this.#check = check;
  }

  handle(
    ctx: Context,
    { invoke }: MethodCall,
    args: readonly unknown[],
  ): Response | Promise<Response> {
    if (this.#shared !== undefined) return invoke(this.#shared, args);
    // Read for each request, since registrations may change until then.
    return this.#plan.isScoped
      ? this.#handleInScope(ctx, (instance) => invoke(instance, args))
      : this.#handleFirst((instance) => invoke(instance, args));
  }

  async #handleFirst(
    invoke: (instance: object) => Response | Promise<Response>,
  ): Promise<Response> {
    const pending = this.#pending ??= this.#create();
    try {
      this.#shared = await pending;
    } catch (error) {
      // The next request tries again; those that share this build do not.
      if (this.#pending === pending) this.#pending = undefined;
      throw error;
    }
    return await invoke(this.#shared);
  }

  async #handleInScope(
    ctx: Context,
    invoke: (instance: object) => Response | Promise<Response>,
  ): Promise<Response> {
    const scope = this.#container.createScope(new Map([[Context, ctx]]));
    try {
      const response = await invoke(await this.#create(scope));
      runAfterAnswer(ctx, () => scope[Symbol.asyncDispose]());
      return response;
    } catch (error) {
      // The answer does not wait for the disposal, which might never end.
      const disposal = Promise.resolve(scope[Symbol.asyncDispose]());
      // Its failure is reported, though perhaps not yet.
      disposal.catch(() => {});
      runAfterAnswer(ctx, () => disposal);
      throw error;
    }
  }

  async #create(scope?: Scope): Promise<object> {
    let instance: object;
    try {
      instance = await this.#plan.create(scope);
    } catch (error) {
      throw toHttpError(error);
    }
    if (!this.#isChecked) {
      this.#check(instance);
      this.#isChecked = true;
    }
    return instance;
  }
}

/** Makes the text of an EventError the text of a response, as for a peer. */
function toHttpError(error: unknown): unknown {
  if (!isInstance(error, EventError) || isInstance(error, HttpError)) {
    return error;
  }
  return new HttpError(403, error.message || undefined, { cause: error });
}

/** Compiles a route into the call of its method. */
export function compileCall(
  { methodName, params, input }: MethodRoute,
): MethodCall {
  const { body, query } = input;
  return {
    // Looked up by name for each call, so that an instance can override it.
    invoke: (instance, args) =>
      respond(
        (instance as Record<string, (...args: unknown[]) => unknown>)[
          methodName
        ]!(...args),
      ),
    readArguments: body === undefined && query === undefined
      ? (ctx) => readParams(params, ctx)
      : async (ctx) => {
        const args: unknown[] = readParams(params, ctx);
        // The query first: if it is refused, the body need not be read.
        const found = query &&
          await validate(query, collectQuery(ctx.query, input), "query");
        if (body !== undefined) {
          args.push(await validate(body, await readBody(ctx, input), "body"));
        }
        if (query !== undefined) args.push(found);
        return args;
      },
  };
}

function readParams(
  names: readonly string[],
  { params }: Context,
): (string | undefined)[] {
  const values = new Array<string | undefined>(names.length);
  for (let i = 0; i < names.length; i++) values[i] = params[names[i]!];
  return values;
}

function respond(result: unknown): Response | Promise<Response> {
  return isThenable(result) ? settle(result) : toResponse(result);
}

async function settle(result: PromiseLike<unknown>): Promise<Response> {
  return toResponse(await result);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
