import { readBody } from "./_body.ts";
import { collectFields } from "./_fields.ts";
import type { Invoke } from "./_instances.ts";
import { toResponse } from "./_results.ts";
import type { Input } from "./_route_entries.ts";
import { validate } from "./_validation.ts";
import type { Context } from "./context.ts";

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
