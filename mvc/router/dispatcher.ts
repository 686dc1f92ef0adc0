import { Context } from "../http/context.ts";
import { BadRequestError, HttpError } from "../http/http_error.ts";
import { cleanPath, readPath } from "../http/path.ts";
import { watchResponse } from "../http/response.ts";
import type { ErrorHook } from "./handlers.ts";
import {
  ANY,
  type Chain,
  checkResponse,
  collectMiddleware,
  compileChain,
  type Group,
  type Match,
  pickRoute,
  type Route,
  RouteTable,
} from "./route_table.ts";

/** How Deno writes the path of `OPTIONS *`, which asks about the server itself. */
const SERVER = "/*";

/** Answers requests from a table of routes. Nothing is ever thrown out of it. */
export class Dispatcher {
  readonly table: RouteTable;
  /** What belongs to the router itself, around all parties. */
  readonly root: Group = { parent: undefined, middleware: [] };
  readonly #onError: ErrorHook | undefined;
  readonly #onLateError = (error: unknown, ctx: Context): void => {
    if (!isOfClient(error)) this.#report(error, ctx);
  };

  constructor(onError: ErrorHook | undefined) {
    this.#onError = onError;
    this.table = new RouteTable(this.#onLateError);
  }

  /** The handler for `Deno.serve`. */
  handle(
    request: Request,
    info: Deno.ServeHandlerInfo,
  ): Response | Promise<Response> {
    try {
      return this.#route(request, info);
    } catch (error) {
      if (error instanceof BadRequestError) {
        return answerPlain(400, "Bad Request");
      }
      printError(error);
      return answerPlain(500, "Internal Server Error");
    }
  }

  #route(
    request: Request,
    info: Deno.ServeHandlerInfo,
  ): Response | Promise<Response> {
    const path = readPath(request.url);
    const exact = this.table.findExact(path);
    const route = exact && pickRoute(exact, request.method);
    if (route === undefined) {
      return this.#search(request, info, cleanPath(path, request.url));
    }
    const ctx = new Context(request, info, { path });
    return this.#run(this.table.chainOf(route), ctx);
  }

  #search(
    request: Request,
    info: Deno.ServeHandlerInfo,
    path: string,
  ): Response | Promise<Response> {
    let match: Match | undefined;
    try {
      match = this.table.find(request.method, path);
    } catch (error) {
      if (!(error instanceof BadRequestError)) throw error;
      const ctx = new Context(request, info, { path });
      return this.#answer(this.root, ctx, answerPlain(400, "Bad Request"));
    }
    const ctx = new Context(request, info, { path, params: match?.params });
    if (match !== undefined) {
      return this.#run(this.table.chainOf(match.route), ctx);
    }
    const routes = this.table.findOthers(path);
    // A party's middleware too, since CORS is a matter of OPTIONS.
    if (routes.length > 0) {
      return this.#answer(routes[0]!.group, ctx, answerMethod(ctx, routes));
    }
    const response = request.method === "OPTIONS" && path === SERVER
      ? answerMethod(ctx, this.table.routes)
      : answerPlain(404, "Not Found");
    return this.#answer(this.root, ctx, response);
  }

  #answer(
    group: Group,
    ctx: Context,
    response: Response,
  ): Response | Promise<Response> {
    const chain = compileChain(
      collectMiddleware(group),
      () => response,
      this.#onLateError,
    );
    return this.#run(chain, ctx);
  }

  #run(chain: Chain, ctx: Context): Response | Promise<Response> {
    try {
      const answer = chain(ctx);
      return answer instanceof Response
        ? this.#finish(answer, ctx)
        : this.#settle(answer, ctx);
    } catch (error) {
      return this.#fail(error, ctx);
    }
  }

  async #settle(answer: Promise<Response>, ctx: Context): Promise<Response> {
    try {
      return this.#finish(checkResponse(await answer, ctx), ctx);
    } catch (error) {
      return await this.#fail(error, ctx);
    }
  }

  #finish(response: Response, ctx: Context): Response {
    const { upgraded } = ctx;
    if (upgraded === undefined) assertSendable(response, ctx);
    const answer = this.#conclude(response, ctx);
    if (upgraded !== undefined && response !== upgraded) {
      this.#report(
        new Error(
          `Cannot answer ${ctx.method} "${ctx.path}" with status ${response.status}: the request is upgraded, and middleware should return the response of next()`,
        ),
        ctx,
      );
    }
    return answer;
  }

  async #fail(error: unknown, ctx: Context): Promise<Response> {
    if (ctx.upgraded !== undefined) {
      const answer = this.#conclude(ctx.upgraded, ctx);
      this.#report(error, ctx);
      return answer;
    }
    return this.#conclude(await this.#responseFor(error, ctx), ctx);
  }

  /** From here on nobody can change what the client gets. */
  #conclude(response: Response, ctx: Context): Response {
    const callbacks = ctx.setAnswered();
    // While the hook was awaited, a handler may have upgraded after all.
    const answer = ctx.upgraded ??
      (ctx.method === "HEAD" ? stripBody(response) : response);
    if (callbacks === undefined) return answer;
    return watchResponse(answer, ctx.info, () => this.#end(callbacks, ctx));
  }

  async #end(
    callbacks: NonNullable<ReturnType<Context["setAnswered"]>>,
    ctx: Context,
  ): Promise<void> {
    for (const callback of callbacks.toReversed()) {
      try {
        await callback();
      } catch (error) {
        this.#report(error, ctx);
      }
    }
  }

  async #responseFor(error: unknown, ctx: Context): Promise<Response> {
    if (error instanceof BadRequestError) {
      return answerPlain(400, "Bad Request");
    }
    const wished = isOfClient(error)
      ? undefined
      : await this.#report(error, ctx);
    if (wished !== undefined) return wished;
    if (error instanceof HttpError) {
      try {
        return error.toResponse();
      } catch (cause) {
        this.#report(cause, ctx);
      }
    }
    return answerPlain(500, "Internal Server Error");
  }

  /** Tells the hook, and gives back the response it wishes. Never rejects. */
  async #report(error: unknown, ctx: Context): Promise<Response | undefined> {
    if (this.#onError === undefined) {
      printError(error);
      return undefined;
    }
    try {
      const response = await this.#onError(error, ctx);
      if (!(response instanceof Response)) return undefined;
      if (ctx.upgraded === undefined) assertSendable(response, ctx);
      return response;
    } catch (hookError) {
      printError(hookError);
      // What the hook was told would be lost otherwise.
      printError(error);
      return undefined;
    }
  }
}

/** Whether an error says what is wrong with a request, and nothing else. */
function isOfClient(error: unknown): boolean {
  return error instanceof HttpError && error.status < 500;
}

function answerPlain(status: number, text: string): Response {
  return new Response(text, { status });
}

/** Answers OPTIONS, and a method that no route on the path takes. */
function answerMethod(ctx: Context, routes: readonly Route[]): Response {
  const methods = new Set<string>();
  for (const { method, handler } of routes) {
    if (handler.allow !== undefined) methods.add(handler.allow);
    else if (method !== ANY) methods.add(method);
    if (method === "GET" && handler.allow === undefined) methods.add("HEAD");
  }
  const headers = { allow: [...methods].join(", ") };
  return ctx.method === "OPTIONS"
    ? new Response(null, { status: 204, headers })
    : new Response("Method Not Allowed", { status: 405, headers });
}

/** Finds what `Deno.serve` would refuse, where its report says neither route nor reason. */
function assertSendable(response: Response, ctx: Context): void {
  const fault = response.bodyUsed
    ? "whose body is used already"
    : response.type === "error"
    ? "made by Response.error()"
    : undefined;
  if (fault === undefined) return;
  throw new TypeError(
    `Cannot answer ${ctx.method} "${ctx.path}": a handler, middleware or hook returned a Response ${fault}, and should return a new one for each request`,
  );
}

/** Takes the body off an answer to HEAD. */
function stripBody(response: Response): Response {
  if (response.body === null) return response;
  // It fails if somebody reads the body already, who then ends it.
  response.body.cancel().catch(() => {});
  // Without any body, Deno would say "content-length: 0", which is a lie.
  const empty = new ReadableStream({ start: (stream) => stream.close() });
  return new Response(empty, response);
}

function printError(error: unknown): void {
  try {
    // deno-lint-ignore no-console -- without a hook there is no other place
    console.error(error);
  } catch {
    // An error that cannot even be printed must not stop the server.
  }
}
