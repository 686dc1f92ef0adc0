import { isInstance, writeError } from "../../neffos/internal.ts";
import { Context, finishCookies, type SentCallback } from "../http/context.ts";
import {
  BadRequestError,
  HttpError,
  respondError,
} from "../http/http_error.ts";
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
  pickRoute,
  type Route,
  RouteTable,
} from "./route_table.ts";

/** The path that Deno gives `OPTIONS *`, which asks about the server itself. */
const SERVER = "/*";

/** The longest path that is served, in characters; Apache's limit is as large. */
const MAX_PATH = 8_192;

/** Answers requests from a table of routes. It never throws. */
export class Dispatcher {
  readonly table: RouteTable;
  /** The middleware of the router itself, around all parties. */
  readonly root: Group = { parent: undefined, middleware: [] };
  readonly #onError: ErrorHook | undefined;
  readonly #onLateError = (error: unknown, ctx: Context): void => {
    if (!isClientError(error)) this.#report(error, ctx);
  };
  // One function for all contexts: those of connections are kept.
  readonly #runLate = (callback: SentCallback, ctx: Context): void => {
    void this.#runCallbacks([callback], ctx);
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
      const isOfClient = isInstance(error, BadRequestError);
      if (!isOfClient) printError(error);
      return respondError(
        new HttpError(isOfClient ? 400 : 500),
        request.headers,
      );
    }
  }

  #route(
    request: Request,
    info: Deno.ServeHandlerInfo,
  ): Response | Promise<Response> {
    const path = readPath(request);
    if (path.length > MAX_PATH) {
      return respondError(new HttpError(414), request.headers);
    }
    const exact = this.table.findExact(path);
    const route = exact && pickRoute(exact, request.method);
    if (route === undefined) return this.#search(request, info, path);
    const ctx = new Context(request, info, { path });
    return this.#run(this.table.getChain(route), ctx);
  }

  #search(
    request: Request,
    info: Deno.ServeHandlerInfo,
    sent: string,
  ): Response | Promise<Response> {
    let path: string;
    try {
      path = cleanPath(sent, request.url);
    } catch (error) {
      if (!isInstance(error, BadRequestError)) throw error;
      const ctx = new Context(request, info, { path: sent });
      return this.#answer(this.root, ctx, new HttpError(400));
    }
    const match = this.table.find(request.method, path);
    const ctx = new Context(request, info, { path, params: match?.params });
    if (match !== undefined) {
      return this.#run(this.table.getChain(match.route), ctx);
    }
    const routes = this.table.findOthers(request.method, path);
    // In the party's middleware, since CORS middleware handles OPTIONS.
    if (routes.length > 0) {
      return this.#answer(routes[0]!.group, ctx, respondAllow(ctx, routes));
    }
    const answer = request.method === "OPTIONS" && path === SERVER
      ? respondAllow(ctx, this.table.routes)
      : new HttpError(404);
    return this.#answer(this.root, ctx, answer);
  }

  #answer(
    group: Group,
    ctx: Context,
    answer: Response | HttpError,
  ): Response | Promise<Response> {
    const chain = compileChain(
      collectMiddleware(group),
      () =>
        answer instanceof Response ? answer : respondError(answer, ctx.headers),
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
      return await this.#finish(checkResponse(await answer, ctx), ctx);
    } catch (error) {
      return await this.#fail(error, ctx);
    }
  }

  #finish(response: Response, ctx: Context): Response | Promise<Response> {
    const { upgraded } = ctx;
    if (upgraded === undefined) assertSendable(response, ctx);
    const answer = this.#conclude(response, ctx);
    if (upgraded !== undefined && response !== upgraded) {
      this.#report(
        new Error(
          `Cannot answer ${ctx.method} "${ctx.path}" with status ${response.status}: the request is upgraded, and middleware must return the response of next()`,
        ),
        ctx,
      );
    }
    return answer;
  }

  /** Answers a request that failed. Never rejects. */
  async #fail(error: unknown, ctx: Context): Promise<Response> {
    try {
      if (ctx.upgraded === undefined) {
        return await this.#conclude(await this.#respondError(error, ctx), ctx);
      }
      const answer = await this.#conclude(ctx.upgraded, ctx);
      this.#report(error, ctx);
      return answer;
    } catch (failure) {
      // A response may be odd as well: a subclass, or one that is read already.
      this.#report(failure, ctx);
      return new HttpError(500).toResponse();
    }
  }

  /** Makes the response final. */
  #conclude(response: Response, ctx: Context): Response | Promise<Response> {
    const callbacks = ctx.setAnswered(this.#runLate);
    // A handler may have upgraded the request while the hook ran.
    const answer = finishCookies(
      ctx,
      ctx.upgraded ??
        (ctx.method === "HEAD" ? stripBody(response) : response),
    );
    return answer instanceof Response
      ? this.#watch(answer, ctx, callbacks)
      : this.#settleCookies(answer, ctx, callbacks);
  }

  async #settleCookies(
    answer: Promise<Response>,
    ctx: Context,
    callbacks: readonly SentCallback[] | undefined,
  ): Promise<Response> {
    let response: Response;
    try {
      response = await answer;
    } catch (error) {
      this.#report(error, ctx);
      response = ctx.upgraded ??
        await respondError(new HttpError(500), ctx.headers);
    }
    return this.#watch(response, ctx, callbacks);
  }

  #watch(
    response: Response,
    ctx: Context,
    callbacks: readonly SentCallback[] | undefined,
  ): Response {
    return callbacks === undefined ? response : watchResponse(
      response,
      ctx.info,
      () => this.#runCallbacks(callbacks, ctx),
    );
  }

  async #runCallbacks(
    callbacks: readonly SentCallback[],
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

  async #respondError(error: unknown, ctx: Context): Promise<Response> {
    if (isInstance(error, BadRequestError)) {
      return await respondError(new HttpError(400), ctx.headers);
    }
    const ofHook = isClientError(error)
      ? undefined
      : await this.#report(error, ctx);
    if (ofHook !== undefined) return ofHook;
    if (isInstance(error, HttpError)) {
      try {
        return await respondError(error, ctx.headers);
      } catch (cause) {
        this.#report(cause, ctx);
      }
    }
    return await respondError(new HttpError(500), ctx.headers);
  }

  /** Calls the hook and returns its response, if any. Never rejects. */
  async #report(error: unknown, ctx: Context): Promise<Response | undefined> {
    if (this.#onError === undefined) {
      printError(error, ctx);
      return undefined;
    }
    try {
      const response = await this.#onError(error, ctx);
      if (!(response instanceof Response)) return undefined;
      if (ctx.upgraded === undefined) assertSendable(response, ctx);
      return response;
    } catch (hookError) {
      printError(hookError, ctx);
      // Otherwise the first error would be lost.
      printError(error, ctx);
      return undefined;
    }
  }
}

/** Tells whether an error is only about the request. */
function isClientError(error: unknown): boolean {
  try {
    return isInstance(error, HttpError) && error.status < 500;
  } catch {
    return false;
  }
}

/** Answers OPTIONS, and methods without a route on the path. */
function respondAllow(
  ctx: Context,
  routes: readonly Route[],
): Response | HttpError {
  const methods = new Set<string>();
  for (const { method, handler } of routes) {
    if (handler.allow !== undefined) methods.add(handler.allow);
    else if (method !== ANY) methods.add(method);
    if (method === "GET" && handler.allow === undefined) methods.add("HEAD");
  }
  const headers = { allow: [...methods].join(", ") };
  return ctx.method === "OPTIONS"
    ? new Response(null, { status: 204, headers })
    : new HttpError(405, undefined, { headers });
}

/** Checks what `Deno.serve` would refuse, without naming the route. */
function assertSendable(response: Response, ctx: Context): void {
  const fault = response.bodyUsed
    ? "whose body is already used"
    : response.type === "error"
    ? "made by Response.error()"
    : undefined;
  if (fault === undefined) return;
  throw new TypeError(
    `Cannot answer ${ctx.method} "${ctx.path}": a handler, middleware or hook returned a Response ${fault}, and must return a new one for each request`,
  );
}

/** Removes the body of a response to HEAD. */
function stripBody(response: Response): Response {
  if (response.body === null) return response;
  // Fails if the body has a reader already, which then ends it.
  response.body.cancel().catch(() => {});
  // Without any body, Deno would send "content-length: 0", which is wrong.
  const empty = new ReadableStream({ start: (stream) => stream.close() });
  return new Response(empty, response);
}

/** Prints one line, of which a client can choose no character. */
function printError(error: unknown, ctx?: Context): void {
  try {
    const place = { method: ctx?.method, path: ctx?.path };
    // deno-lint-ignore no-console -- without a hook, errors go nowhere else
    console.error(writeError(error, "router: a fault", place));
  } catch {
    // An error that cannot be printed must not stop the server.
  }
}
