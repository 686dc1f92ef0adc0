/**
 * {@linkcode dashboard}: a live page about a running server.
 *
 * @module
 */

import { Inspection } from "../../neffos/internal.ts";
import type { Server } from "../../neffos/mod.ts";
import type { Context } from "../http/context.ts";
import { HttpError } from "../http/http_error.ts";
import { serverSentEvents } from "../http/server_sent_events.ts";
import { metricsHandler } from "../metrics.ts";
import type { Middleware, RouteHandler } from "../router/handlers.ts";
import { describeConnections, listConnections } from "./connection_rows.ts";
import type { DisconnectAnswer, DisconnectRequest } from "./data.ts";
import { FaultLedger } from "./fault_ledger.ts";
import { assertSameOrigin, protect } from "./protection.ts";
import { Sampler } from "./sampler.ts";

/**
 * Options of {@linkcode dashboard}.
 *
 * @category Observability
 */
export interface DashboardOptions {
  /**
   * The middleware that lets operators alone through. It runs before everything
   * that the dashboard serves: the page, its data, Prometheus and "disconnect",
   * whose body it must not read.
   */
  guard: Middleware;
  /**
   * Describes the program, for instance by `app.explain()`. It is called each time
   * that the page is loaded, and what it returns is shown as text.
   *
   * @default {undefined} the page has no such part
   */
  explain?: (() => unknown) | undefined;
}

/**
 * Makes a handler that serves a live page about a server: its connections,
 * message rates, rooms, handler times, exceeded limits, slow consumers and
 * faults, the servers of its cluster, and each connection, which can be
 * disconnected. Mount it by `router.any`, on a path that ends in `/*`.
 *
 * The page shows no messages, no headers, no URLs and no texts of errors.
 * `metrics` below the same path is for Prometheus, as by
 * {@linkcode metricsHandler}.
 *
 * While nobody looks, it costs nothing: no timer runs, and no handler is measured
 * for it. While somebody looks, the server takes one sample a second for up to
 * 16 pages, and measures its handlers; from the first load of `metrics` on, for
 * good.
 *
 * @param server The server.
 * @param options The guard, and what describes the program.
 * @returns The handler, for `router.any`.
 * @throws {TypeError} If there is no guard.
 *
 * @example
 * ```ts
 * import {
 *   dashboard,
 *   denoUpgrader,
 *   HttpError,
 *   type Middleware,
 *   Router,
 *   Server,
 * } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const requireOperator: Middleware = (ctx, next) => {
 *   if (ctx.header("authorization") === "Basic b3BlcmF0b3I6c2VjcmV0") {
 *     return next();
 *   }
 *   throw new HttpError(401, undefined, {
 *     headers: { "www-authenticate": 'Basic realm="dashboard"' },
 *   });
 * };
 *
 * const server = new Server(denoUpgrader(), { onPing: () => "pong" });
 * const router = new Router();
 * router.any("/dashboard/*", dashboard(server, { guard: requireOperator }));
 *
 * const listener = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const url = `http://operator:secret@localhost:${listener.addr.port}/dashboard`;
 * const response = await fetch(`${url}/metrics`);
 * assertEquals(response.status, 200);
 * await response.body?.cancel();
 * await listener.shutdown();
 * ```
 *
 * @category Observability
 */
export function dashboard(
  server: Server,
  options: DashboardOptions,
): RouteHandler<{ 0: string }> {
  const guard = readGuard(options);
  const pages = new Dashboard(server, options);
  // A guard may read any parameter, as middleware of any route.
  const handle = (ctx: Context<{ 0: string }>) =>
    guard(ctx as Context, () => pages.answer(ctx as Context));
  // For `Router.routes()` and `Router.explain()`.
  return Object.defineProperty(handle, "name", { value: "dashboard" });
}

function readGuard(options: Partial<DashboardOptions> | undefined): Middleware {
  const { guard } = options ?? {};
  if (typeof guard === "function") return guard;
  throw new TypeError(
    "Cannot make a dashboard without a guard, since it shows and disconnects " +
      "people: write dashboard(server, { guard: requireOperator }), where " +
      "requireOperator is middleware that lets operators alone through",
  );
}

/** Answers a GET below the path of the dashboard. */
type Answer = (ctx: Context) => Response | Promise<Response>;

/** What a dashboard serves, behind its guard. */
class Dashboard {
  readonly #server: Server;
  readonly #inspection: Inspection;
  readonly #explain: DashboardOptions["explain"];
  readonly #sampler: Sampler;
  #metrics: RouteHandler | undefined;
  readonly #answers: Readonly<Record<string, Answer>> = {
    events: () => serverSentEvents(this.#sampler.watch()),
    connections: ({ query }) =>
      Response.json(listConnections(this.#inspection, query)),
    connection: ({ query }) =>
      Response.json(describeConnections(this.#inspection, query)),
    explain: (ctx) => this.#describeProgram(ctx),
    metrics: (ctx) => this.#writeMetrics(ctx),
  };

  constructor(server: Server, { explain }: DashboardOptions) {
    this.#server = server;
    this.#explain = explain;
    const inspection = this.#inspection = new Inspection(server);
    const faults = new FaultLedger();
    inspection.watchFaults((error, source) => faults.add(error, source));
    this.#sampler = new Sampler(server, { inspection, faults });
  }

  async answer(ctx: Context): Promise<Response> {
    return protect(await this.#choose(ctx));
  }

  async #choose(ctx: Context): Promise<Response> {
    const name = readName(ctx);
    const { method } = ctx;
    const allow = name === "disconnect" ? "POST" : "GET, HEAD";
    if (!allow.split(", ").includes(method)) {
      throw new HttpError(405, undefined, { headers: { allow } });
    }
    if (method === "POST") return await this.#disconnect(ctx);
    const answer = Object.hasOwn(this.#answers, name)
      ? this.#answers[name]
      : undefined;
    if (answer === undefined) return await serveFile(ctx, name);
    this.#assertOwnPage(ctx);
    return method === "HEAD" ? new Response(null) : await answer(ctx);
  }

  /** A page of another site could take the places of those who look. */
  #assertOwnPage(ctx: Context): void {
    assertSameOrigin(ctx, (origin) => this.#inspection.isSameHost(origin, ctx));
  }

  async #disconnect(ctx: Context): Promise<Response> {
    this.#assertOwnPage(ctx);
    // A form of another page can send any other type without asking.
    if (!/^application\/json\b/i.test(ctx.header("content-type") ?? "")) {
      throw new HttpError(415);
    }
    const { id, mayReturn } = readRequest(
      await ctx.readBody(undefined, { maxBody: MAX_BODY }),
    );
    const count = await this.#server.disconnect(id, {
      // By 1000 clients of neffos stay away, by 4000 they reconnect.
      code: mayReturn ? 4000 : 1000,
      reason: "disconnected by an operator",
    });
    return Response.json({ count } satisfies DisconnectAnswer);
  }

  async #describeProgram(ctx: Context): Promise<Response> {
    if (this.#explain === undefined) return new Response(null, { status: 204 });
    return ctx.text(String(await this.#explain()));
  }

  /** From the first scrape on, handlers are measured: somebody looks. */
  async #writeMetrics(ctx: Context): Promise<Response> {
    this.#metrics ??= metricsHandler(this.#server);
    return await this.#metrics(ctx);
  }
}

/** The largest request to disconnect, in bytes: an ID has 1,024 characters. */
const MAX_BODY = 16 * 1024;

function readRequest(body: unknown): DisconnectRequest {
  const { id, mayReturn } = Object(body) as Partial<DisconnectRequest>;
  if (typeof id === "string" && id !== "" && id.isWellFormed()) {
    return { id, mayReturn: mayReturn === true };
  }
  throw new HttpError(400, 'The body must be JSON such as {"id": "…"}');
}

/** Reads what is asked for: the part of the path behind that of the route. */
function readName({ params, path }: Context): string {
  // A party around it may have wildcards of its own, which come before.
  const last = Object.keys(params).filter((key) => /^\d+$/.test(key)).at(-1);
  if (last !== undefined) return params[last]!;
  throw new TypeError(
    `Cannot serve a dashboard on "${path}": mount it on a path that ends in "/*", as by router.any("/dashboard/*", dashboard(server, { guard }))`,
  );
}

/** Serves a file of the page, which few programs load. */
async function serveFile(ctx: Context, name: string): Promise<Response> {
  const { FILES } = await import("./page_bundle.ts");
  const file = Object.hasOwn(FILES, name || "index.html")
    ? FILES[name || "index.html"]
    : undefined;
  if (file === undefined) throw new HttpError(404);
  if (name === "" && !ctx.path.endsWith("/")) return redirectInside(ctx);
  return new Response(file.text, { headers: { "content-type": file.type } });
}

/**
 * Redirects to the path with a slash at its end, which links are relative to. A
 * proxy may have taken off what is before the last segment.
 */
function redirectInside({ path }: Context): Response {
  // Without the dot, a segment with a colon would be a URL.
  const location = `./${path.slice(path.lastIndexOf("/") + 1)}/`;
  return new Response(null, { status: 307, headers: { location } });
}
