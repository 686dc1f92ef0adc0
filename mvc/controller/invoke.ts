/**
 * Which object's method answers a request.
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
import type { Input } from "./route_entries.ts";

/** Answers a request with a method of a controller. */
export type Invoke = (
  instance: object,
  ctx: Context,
) => Response | Promise<Response>;

/** Makes the handler of a route out of what calls its method. */
export type Bind = (invoke: Invoke) => RouteHandler;

/** Calls methods of one object. */
export function bindObject(instance: object): Bind {
  return (invoke) => (ctx) => invoke(instance, ctx);
}

/**
 * Calls methods of a class's instances: of one for all requests, or, where it
 * depends on something that lives in a scope, of one for each request.
 *
 * @throws {DependencyError} If it can never be built for a request.
 * @throws {TypeError} If its `static inject` does not fit.
 */
export function bindClass(
  Class: Constructor<object>,
  container: Container<ServiceToken>,
): Bind {
  const options = { provided: [Context] };
  const instances = new Instances(
    container,
    container.compile(Class, options) as Plan<object>,
  );
  return (invoke) => (ctx) => instances.handle(ctx, invoke);
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

  handle(ctx: Context, invoke: Invoke): Response | Promise<Response> {
    if (this.#shared !== undefined) return invoke(this.#shared, ctx);
    // Asked when requests come, since services may change until then.
    return this.#plan.isScoped
      ? this.#handleInScope(ctx, invoke)
      : this.#handleFirst(ctx, invoke);
  }

  async #handleFirst(ctx: Context, invoke: Invoke): Promise<Response> {
    const pending = this.#pending ??= Promise.try(() => this.#plan.create());
    try {
      this.#shared = await pending;
    } catch (error) {
      // The next request tries again, but for those that have begun to.
      if (this.#pending === pending) this.#pending = undefined;
      throw toRefusal(error);
    }
    return await invoke(this.#shared, ctx);
  }

  async #handleInScope(ctx: Context, invoke: Invoke): Promise<Response> {
    const scope = this.#container.createScope(new Map([[Context, ctx]]));
    let response: Response;
    try {
      response = await invoke(await this.#create(scope), ctx);
    } catch (error) {
      await release(scope, ctx);
      throw error;
    }
    // Middleware that did not wait for it has answered already.
    if (ctx.answered) await release(scope, ctx);
    else ctx.onSent(() => scope[Symbol.asyncDispose]());
    return response;
  }

  async #create(scope: Scope): Promise<object> {
    try {
      return await this.#plan.create(scope);
    } catch (error) {
      throw toRefusal(error);
    }
  }
}

/** Disposes a scope at once, and has it reported if that fails. */
async function release(scope: Scope, ctx: Context): Promise<void> {
  try {
    await scope[Symbol.asyncDispose]();
  } catch (error) {
    // After the answer, what a handler throws is reported as well.
    if (ctx.answered) throw error;
    ctx.onSent(() => Promise.reject(error));
  }
}

/** What a service tells the other side of a websocket, HTTP clients read too. */
function toRefusal(error: unknown): unknown {
  if (!(error instanceof EventError) || error instanceof HttpError) {
    return error;
  }
  return new HttpError(403, error.message || undefined, { cause: error });
}

/** What a route gives to its method. */
export interface Call {
  readonly methodName: string;
  /** The names of the path parameters, in order. */
  readonly params: readonly string[];
  readonly input: Input;
}

/** Makes the function that calls a method for a request. */
export function compileInvoke({ methodName, params, input }: Call): Invoke {
  const { body, query, maxBody } = input;
  // Called by its name, so that what stands in for a class can override it.
  const call = (instance: object, args: readonly unknown[]) =>
    respond(
      (instance as Record<string, (...args: unknown[]) => unknown>)[
        methodName
      ]!(...args),
    );
  if (body === undefined && query === undefined) {
    return (instance, ctx) => call(instance, valuesOf(params, ctx));
  }
  return async (instance, ctx) => {
    const args: unknown[] = valuesOf(params, ctx);
    // The query first: it is there already, and may refuse the body.
    const found = query &&
      await validate(query, collectFields(ctx.query), "query");
    if (body !== undefined) {
      args.push(await validate(body, await readBody(ctx, maxBody), "body"));
    }
    if (query !== undefined) args.push(found);
    return await call(instance, args);
  };
}

function valuesOf(
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
