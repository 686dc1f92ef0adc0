/**
 * {@linkcode request}: sends an HTTP request to a router, without a port.
 *
 * @module
 */

import { makeDeferred } from "../../neffos/internal.ts";
import { Application } from "../application.ts";
import { watchResponse } from "../http/response.ts";
import { Party } from "../router/party.ts";
import { Router } from "../router/router.ts";
import type {
  FetchHandler,
  RequestTarget,
  TestRequestOptions,
} from "./types.ts";

/**
 * Options of {@linkcode request}: those of `fetch()`, and what a test says of the
 * client. The method is POST where there is a body and no method.
 * @category Testing
 */
export interface TestRequestInit
  extends TestRequestOptions, Omit<RequestInit, "headers"> {
  /**
   * A body to send as JSON, instead of `body`.
   *
   * @default {undefined} none
   */
  json?: unknown;
}

/** Where paths begin. */
const BASE = "http://localhost";

/**
 * Sends an HTTP request through the routes and the middleware of a router,
 * without a port.
 *
 * @param target The application, its router, or another handler of requests.
 * @param path The path on the router, with a query if there is one, or a whole
 * URL.
 * @param init The request.
 * @returns The response. Its body may be a stream that goes on.
 * @throws {TypeError} If the request is not one.
 *
 * @example
 * ```ts
 * import { Application, HttpError, Router } from "@neffos/mvc";
 * import { request } from "@neffos/mvc/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class UserController {
 *   getBy(name: string) {
 *     if (name !== "ann") throw new HttpError(404, `There is no ${name}`);
 *     return { name };
 *   }
 * }
 *
 * const app = new Application(new Router().party("/users"))
 *   .handle(UserController);
 *
 * const found = await request(app, "/users/ann");
 * assertEquals(await found.json(), { name: "ann" });
 * const missing = await request(app, "/users/bob");
 * assertEquals([missing.status, await missing.text()], [404, "There is no bob"]);
 * ```
 *
 * @category Testing
 */
export async function request(
  target: RequestTarget,
  path: string,
  init: TestRequestInit = {},
): Promise<Response> {
  const { json } = init;
  const headers = new Headers(init.headers);
  const body = json === undefined ? init.body ?? null : JSON.stringify(json);
  if (json !== undefined && !headers.has("content-type")) {
    headers.set("content-type", "application/json");
  }
  const method = init.method ?? (body === null ? "GET" : "POST");
  const rest = { ...init, method, body };
  const sent = makeRequest(path, { ...init, headers }, rest);
  const response = await send(toHandler(target), sent, init);
  const { signal } = init;
  // A test may still read what the server has answered to an abort.
  if (response.body === null || !signal || signal.aborted) return response;
  const stream = response.body.pipeThrough(new TransformStream(), { signal });
  return new Response(stream, response);
}

/**
 * Sends a request to a handler.
 *
 * @returns The response; what waits until it is sent waits for its body.
 * @throws {TypeError} If the handler answers with something else.
 */
export async function send(
  handler: FetchHandler,
  request: Request,
  { address = "127.0.0.1" }: TestRequestOptions,
): Promise<Response> {
  const { promise, resolve } = makeDeferred<void>();
  const response: unknown = await handler(request, {
    remoteAddr: { transport: "tcp", hostname: address, port: 50_000 },
    completed: promise,
  });
  if (!(response instanceof Response)) {
    throw new TypeError(
      `Cannot take a value of type "${typeof response}" as the answer to a request: it must be a Response`,
    );
  }
  return watchResponse(response, undefined, resolve);
}

/** Finds what answers the requests of a test. */
export function toHandler(target: RequestTarget): FetchHandler {
  return typeof target === "function" ? target : findRouter(target).handler;
}

/**
 * Finds the router of an application or a party.
 *
 * @throws {TypeError} If it is neither.
 */
export function findRouter(target: Application | Party): Router {
  let party: unknown = target instanceof Application ? target.router : target;
  while (party instanceof Party && party.parent) party = party.parent;
  if (party instanceof Router) return party;
  throw new TypeError(
    `Cannot send a request to a value of type "${typeof target}": it must be an Application, a Router or a handler of requests`,
  );
}

/** Makes a request of what a test says of it. */
export function makeRequest(
  path: string,
  { headers: given, cookies = {}, query = {} }: TestRequestOptions,
  init: RequestInit = {},
): Request {
  const url = new URL(path, BASE);
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) url.searchParams.append(name, value);
  }
  const headers = new Headers(given);
  if (!headers.has("host")) headers.set("host", url.host);
  const pairs = cookies instanceof Response
    ? readSetCookies(cookies)
    : Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
  if (pairs.length > 0) {
    const before = headers.get("cookie");
    headers.set("cookie", [...before ? [before] : [], ...pairs].join("; "));
  }
  return new Request(url, { ...init, headers });
}

/** Lists the cookies that a client has after a response, as it sends them. */
function readSetCookies({ headers }: Response): string[] {
  const pairs = new Map<string, string>();
  for (const cookie of headers.getSetCookie()) {
    const [pair = "", ...attributes] = cookie.split(";");
    const [name = ""] = pair.split("=", 1);
    if (isExpired(attributes)) pairs.delete(name);
    else pairs.set(name, pair);
  }
  return [...pairs.values()];
}

/** Whether the attributes of a cookie delete it (RFC 6265, section 5.3). */
function isExpired(attributes: readonly string[]): boolean {
  const read = (wanted: string) =>
    attributes.map((text) => text.trim().split("="))
      .findLast(([name]) => name!.toLowerCase() === wanted)?.[1];
  const age = read("max-age");
  return age === undefined
    ? Date.parse(read("expires") ?? "") <= Date.now()
    : Number(age) <= 0;
}
