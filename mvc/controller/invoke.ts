/**
 * How a request calls a method of a controller: of a shared instance, or of one
 * built for the request.
 *
 * @module
 */

import { EventError } from "../../neffos/mod.ts";
import type { Container } from "../container/container.ts";
import type { Plan } from "../container/plan.ts";
import type { Scope } from "../container/scope.ts";
import type { Constructor, ServiceToken } from "../container/tokens.ts";
import { collectFields, readBody, validate } from "../http/body.ts";
import { Context } from "../http/context.ts";
import { HttpError } from "../http/http_error.ts";
import { toResponse } from "../http/response.ts";
import type { RouteHandler } from "../router/handlers.ts";
import type { MethodRoute } from "./method_route.ts";

/** Answers a request by a method of an instance. */
export type MethodCall = (
  instance: object,
  ctx: Context,
) => Response | Promise<Response>;

/** Makes the handler of a route, with an instance for each call. */
export type HandlerFactory = (call: MethodCall) => RouteHandler;

/** Calls the methods of one object. */
export function handleByObject(instance: object): HandlerFactory {
  return (call) => (ctx) => call(instance, ctx);
}

/**
 * Calls the methods of a class's instances: of one for all requests, or, if it
 * depends on anything that lives in a scope, of one for each request.
 *
 * @throws {DependencyError} If the class can never be built for a request.
 * @throws {TypeError} If its `static inject` does not fit its constructor.
 */
export function handleByClass(
  Class: Constructor<object>,
  container: Container<ServiceToken>,
): HandlerFactory {
  const options = { provided: [Context] };
  const instances = new Instances(
    container,
    container.compile(Class, options) as Plan<object>,
  );
  return (call) => (ctx) => instances.handle(ctx, call);
}

class Instances {
  readonly #container: Container<ServiceToken>;
  readonly #plan: Plan<object>;
  #shared: object | undefined;
  #pending: Promise<object> | undefined;

  constructor(container: Container<ServiceToken>, plan: Plan<object>) {
    this.#container = container;
    this.#plan = plan;
  }

  handle(ctx: Context, call: MethodCall): Response | Promise<Response> {
    if (this.#shared !== undefined) return call(this.#shared, ctx);
    // Read for each request, since registrations may change until then.
    return this.#plan.isScoped
      ? this.#handleInScope(ctx, call)
      : this.#handleFirst(ctx, call);
  }

  async #handleFirst(ctx: Context, call: MethodCall): Promise<Response> {
    const pending = this.#pending ??= Promise.try(() => this.#plan.create());
    try {
      this.#shared = await pending;
    } catch (error) {
      // The next request tries again; those that share this build do not.
      if (this.#pending === pending) this.#pending = undefined;
      throw toHttpError(error);
    }
    return await call(this.#shared, ctx);
  }

  async #handleInScope(ctx: Context, call: MethodCall): Promise<Response> {
    const scope = this.#container.createScope(new Map([[Context, ctx]]));
    let response: Response;
    try {
      response = await call(await this.#create(scope), ctx);
    } catch (error) {
      await release(scope, ctx);
      throw error;
    }
    // Middleware that does not await next() may have answered already.
    if (ctx.answered) await release(scope, ctx);
    else ctx.onSent(() => scope[Symbol.asyncDispose]());
    return response;
  }

  async #create(scope: Scope): Promise<object> {
    try {
      return await this.#plan.create(scope);
    } catch (error) {
      throw toHttpError(error);
    }
  }
}

/** Disposes a scope at once, and reports an error of that. */
async function release(scope: Scope, ctx: Context): Promise<void> {
  try {
    await scope[Symbol.asyncDispose]();
  } catch (error) {
    // After the response, the router reports what a handler throws.
    if (ctx.answered) throw error;
    ctx.onSent(() => Promise.reject(error));
  }
}

/** Makes the text of an EventError the text of a response, as for a peer. */
function toHttpError(error: unknown): unknown {
  if (!(error instanceof EventError) || error instanceof HttpError) {
    return error;
  }
  return new HttpError(403, error.message || undefined, { cause: error });
}

/** Compiles a route into the call of its method. */
export function compileCall(
  { methodName, params, input: { body, query, maxBody } }: MethodRoute,
): MethodCall {
  // Looked up by name for each call, so that an instance can override it.
  const invoke = (instance: object, args: readonly unknown[]) =>
    respond(
      (instance as Record<string, (...args: unknown[]) => unknown>)[
        methodName
      ]!(...args),
    );
  if (body === undefined && query === undefined) {
    return (instance, ctx) => invoke(instance, readParams(params, ctx));
  }
  return async (instance, ctx) => {
    const args: unknown[] = readParams(params, ctx);
    // The query first: if it is refused, the body need not be read.
    const found = query &&
      await validate(query, collectFields(ctx.query), "query");
    if (body !== undefined) {
      args.push(await validate(body, await readBody(ctx, maxBody), "body"));
    }
    if (query !== undefined) args.push(found);
    return await invoke(instance, args);
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
