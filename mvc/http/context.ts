/**
 * {@linkcode Context}: one HTTP request, for handlers and middleware.
 *
 * @module
 */

import {
  encodeJSON,
  findUpgrade,
  ignoreRejection,
  isHandedOver,
  makeUpgradeResponse,
  takeHeaders,
} from "../../neffos/internal.ts";
import type {
  Conn,
  StandardSchemaV1,
  UpgradeRequest,
} from "../../neffos/mod.ts";
import { collectQuery, type InputLimits, readBody, validate } from "./body.ts";
import { Cookies, writeCookies } from "./cookies.ts";
import { makeRequest } from "./request.ts";
import { cleanPath, readPath, readQuery } from "./path.ts";

/**
 * The options of a {@linkcode Context}.
 *
 * @category HTTP
 */
export interface ContextOptions<Params = Record<string, string>> {
  /**
   * The path of the request, normalized.
   *
   * @default {the path of the request's URL}
   */
  path?: string;
  /**
   * The path parameters, decoded.
   *
   * @default {none}
   */
  params?: Params;
}

/**
 * The options of {@linkcode Context.readBody}: its limits.
 *
 * @category HTTP
 */
export type ReadBodyOptions = InputLimits;

/**
 * The options of {@linkcode Context.readQuery}.
 *
 * @category HTTP
 */
export type ReadQueryOptions = Pick<InputLimits, "maxFields">;

/**
 * Runs once a response has been sent.
 *
 * @category HTTP
 */
export type SentCallback = () => void | PromiseLike<void>;

/** As {@linkcode Context.onSent}, and at once if that is too late. */
export let runAfterAnswer: (ctx: Context, callback: SentCallback) => void;

/** Adds the cookies that were set to the answer. */
export let finishCookies: (
  ctx: Context,
  response: Response,
) => Response | Promise<Response>;

/** Copies of the fields that an upgrade takes away from the request. */
interface Copies {
  readonly method: string;
  readonly href: string;
  /** Packed once the socket is open, and until somebody asks for them again. */
  headers: Headers | string;
  readonly remoteAddr: Deno.Addr | undefined;
  signal?: AbortSignal;
}

/** Writes headers as a text, which takes a third of their memory. */
function packHeaders(headers: Headers): string {
  return [...headers].flat().join("\n");
}

function unpackHeaders(packed: string): Headers {
  const fields = packed.split("\n");
  const headers = new Headers();
  for (let i = 1; i < fields.length; i += 2) {
    headers.append(fields[i - 1]!, fields[i]!);
  }
  return headers;
}

/** Stands for a response that has been sent. */
const SENT = Symbol("sent");

/** One for all contexts: those of connections are kept. */
const NO_PARAMS = Object.freeze({});

/** Makes the Context of a request that was upgraded without one. */
let makeUpgradedContext: (from: UpgradeRequest) => Context;

/**
 * Represents one HTTP request, and makes responses to it.
 *
 * The router makes a context for each request and passes it through the
 * middleware to the handler. The context stays readable after the request was
 * upgraded to a websocket, unlike the request itself; a websocket controller
 * can inject it.
 *
 * @typeParam Params The path parameters by name.
 *
 * @example Read a path parameter and a query, answer with JSON
 * ```ts
 * import { Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router();
 * router.get("/users/:id", (ctx) => {
 *   return ctx.json({ id: ctx.params.id, full: ctx.query.has("full") });
 * });
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const response = await fetch(
 *   `http://localhost:${server.addr.port}/users/ann?full`,
 * );
 * assertEquals(await response.json(), { id: "ann", full: true });
 * await server.shutdown();
 * ```
 *
 * @category HTTP
 */
export class Context<Params = Record<string, string>> {
  /**
   * The request. Read its body from here, `await ctx.request.text()`, or by
   * {@linkcode Context.readBody}. After an upgrade only the context is readable.
   */
  get request(): Request {
    return this.#request ??= this.#remakeRequest();
  }
  /** The information of `Deno.serve` about the TCP connection. */
  readonly info: Deno.ServeHandlerInfo;
  /**
   * The path of the request without the query, still percent-encoded. It is
   * normalized as by `URL` and RFC 3986, section 6.2.2: `/a/../%62/caf%c3%a9`
   * is `/b/caf%C3%A9`. A slash that was sent as `%2f` stays encoded.
   */
  readonly path: string;
  /**
   * The path parameters, percent-decoded. A decoded value may contain anything,
   * slashes and `..` included.
   */
  readonly params: Params;

  /** Absent once it was upgraded, and until somebody asks for it again. */
  #request: Request | undefined;
  #copies: Copies | undefined;
  #url: URL | undefined;
  #query: URLSearchParams | undefined;
  #cookies: Cookies | undefined;
  #values: Map<string | symbol, unknown> | undefined;
  #upgraded: Response | typeof SENT | undefined;
  #onSent: SentCallback[] | undefined;
  #answered = false;
  #runLate: ((callback: SentCallback, ctx: Context) => void) | undefined;

  static {
    finishCookies = (ctx, response) => writeCookies(ctx.#cookies, response);
    runAfterAnswer = (ctx, callback) => {
      if (!ctx.#answered) (ctx.#onSent ??= []).push(callback);
      else if (ctx.#runLate !== undefined) ctx.#runLate(callback, ctx);
    };
  }

  static {
    makeUpgradedContext = (from) => {
      const { request, headers, url, remoteAddr } = from;
      // The connection exists, so the response was sent.
      const completed = Promise.resolve();
      let path = url.pathname;
      try {
        path = cleanPath(path, url.href);
      } catch {
        // Another router has taken it, though it cannot be decoded.
      }
      const info = {
        get remoteAddr(): Deno.Addr {
          return context.remoteAddr;
        },
        completed,
      };
      const context = new Context(request, info, { path });
      const { href } = url;
      context.#copies = { method: "GET", href, headers, remoteAddr };
      context.#answered = true;
      return context;
    };
  }

  /**
   * Makes a context. The router calls it for every request.
   *
   * @param request The request.
   * @param info The second argument of a handler of `Deno.serve`.
   * @param options The path and its parameters, if they are known already.
   * @throws {TypeError} If the Host header is not a valid host, or the path is
   * not percent-encoded UTF-8. The router answers that with 400.
   */
  constructor(
    request: Request,
    info: Deno.ServeHandlerInfo,
    options?: ContextOptions<Params>,
  ) {
    this.#request = request;
    this.info = info;
    this.path = options?.path ?? cleanPath(readPath(request), request.url);
    // Without options, Params is the default, which has no required key.
    this.params = options?.params ?? NO_PARAMS as Params;
  }

  /** The HTTP method, in upper case. */
  get method(): string {
    return this.#copies?.method ?? this.request.method;
  }

  /**
   * The URL of the request, parsed on first use. Its path is
   * {@linkcode Context.path}; `ctx.request.url` has it as it was sent.
   */
  get url(): URL {
    return this.#url ??= this.#parseUrl();
  }

  /** The parameters of the query, parsed on first use. */
  get query(): URLSearchParams {
    return this.#query ??= new URLSearchParams(readQuery(this.#href));
  }

  /** The headers of the request. */
  get headers(): Headers {
    const copies = this.#copies;
    if (copies === undefined) return this.request.headers;
    if (typeof copies.headers === "string") {
      copies.headers = unpackHeaders(copies.headers);
    }
    return copies.headers;
  }

  /**
   * The cookies: those that the client sent, readable after an upgrade as well,
   * and those to set in the answer.
   */
  get cookies(): Cookies {
    return this.#cookies ??= this.#makeCookies();
  }

  /**
   * The address of the remote end of the TCP connection.
   *
   * @throws {TypeError} If `Server.upgrade` was called without it.
   */
  get remoteAddr(): Deno.Addr {
    const address = this.#address;
    if (address !== undefined) return address;
    throw new TypeError(
      "Cannot read the remote address: upgrade() must be given the info of Deno.serve as its second argument",
    );
  }

  /**
   * The IP address of the remote end of a TCP connection, `undefined` for any
   * other transport. Behind a proxy it is the address of the proxy.
   */
  get remoteIp(): string | undefined {
    const address = this.#address;
    return address?.transport === "tcp" ? address.hostname : undefined;
  }

  /**
   * The signal that is aborted if the client disconnects before the response.
   * After {@linkcode Context.detach} it is a signal that is never aborted, since
   * Deno aborts the request's own signal at every upgrade.
   */
  get signal(): AbortSignal {
    if (this.#copies === undefined) return this.request.signal;
    return this.#copies.signal ??= new AbortController().signal;
  }

  /**
   * The response that upgraded the request to a websocket, if any. The router
   * returns exactly this one to `Deno.serve`. Once it is sent it is not kept: in
   * its place is one with the status 101 alone.
   */
  get upgraded(): Response | undefined {
    if (this.#upgraded === SENT) this.#upgraded = makeUpgradeResponse();
    // A server may have upgraded the request without its context.
    return this.#upgraded ?? findUpgrade(this.request);
  }

  /** Whether the router has answered the request. */
  get answered(): boolean {
    return this.#answered;
  }

  /**
   * Reads a header of the request.
   *
   * @param name The name of the header, in any case.
   * @returns The value, or `undefined` if the header was not sent.
   */
  header(name: string): string | undefined {
    return this.headers.get(name) ?? undefined;
  }

  /**
   * Returns a value that {@linkcode Context.set} stored.
   *
   * @typeParam Value The type of the value. It is not checked.
   * @param key The key.
   * @returns The value, or `undefined` if nothing is stored under the key.
   *
   * @example Hand a value from a middleware to a handler
   * ```ts
   * import { Router } from "@neffos/mvc";
   *
   * const User = Symbol("User");
   * const router = new Router();
   * router.use((ctx, next) => {
   *   ctx.set(User, { name: ctx.header("x-user") ?? "nobody" });
   *   return next();
   * });
   * router.get("/me", (ctx) => {
   *   return ctx.text(ctx.get<{ name: string }>(User)?.name ?? "");
   * });
   * ```
   */
  get<Value = unknown>(key: string | symbol): Value | undefined {
    // A map with arbitrary keys cannot know the types of its values.
    return this.#values?.get(key) as Value | undefined;
  }

  /**
   * Stores a value for later middleware and for the handler.
   *
   * @param key The key; a symbol cannot collide with the key of another module.
   * @param value The value.
   * @returns The context.
   */
  set(key: string | symbol, value: unknown): this {
    this.#values ??= new Map();
    this.#values.set(key, value);
    return this;
  }

  /**
   * Reads the body of the request as JSON or as a form, depending on its content
   * type.
   *
   * The fields of a form are an object of strings, those of `multipart/form-data`
   * of strings and files; a repeated field is an array.
   *
   * @typeParam T The type of the body. It is not checked.
   * @param schema Left out: the body is not validated.
   * @param options The limits.
   * @returns The body.
   * @throws {HttpError} 415 if the body is neither JSON nor a form, 413 if it is
   * too large or has too many fields, 408 if it arrives too slowly, 400 if it
   * does not match its content type. If no handler catches it, it is the
   * response.
   * @throws {TypeError} If the body is already read.
   * @throws {RangeError} If a limit is not valid.
   */
  readBody<T = unknown>(
    schema?: undefined,
    options?: ReadBodyOptions,
  ): Promise<T>;
  /**
   * Reads the body of the request as JSON or as a form, and validates it.
   *
   * @typeParam T The output of the schema.
   * @param schema A validator that follows the Standard Schema specification
   * (https://standardschema.dev), version 1, such as those of zod, valibot
   * and arktype.
   * @param options The limits.
   * @returns The output of the schema.
   * @throws {HttpError} 400 with a list of the issues if the schema refuses the
   * body; 400, 408, 413 or 415 if the body cannot be read. If no handler catches
   * it, it is the response.
   * @throws {TypeError} If the body is already read.
   * @throws {RangeError} If a limit is not valid.
   *
   * @example
   * ```ts
   * import { Router, type StandardSchemaV1 } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * // Usually zod's, valibot's or arktype's.
   * const Login: StandardSchemaV1<unknown, { name: string }> = {
   *   "~standard": {
   *     version: 1,
   *     vendor: "example",
   *     validate: (value) =>
   *       typeof value === "object" && value !== null && "name" in value
   *         ? { value: { name: String(value.name) } }
   *         : { issues: [{ path: ["name"], message: "is missing" }] },
   *   },
   * };
   *
   * const router = new Router();
   * router.post("/login", async (ctx) => {
   *   const login = await ctx.readBody(Login, { maxBody: 1024 });
   *   return ctx.text(`Hello ${login.name}`);
   * });
   *
   * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
   * const url = `http://localhost:${server.addr.port}/login`;
   * const body = new URLSearchParams({ name: "Ann" });
   * const response = await fetch(url, { method: "POST", body });
   * assertEquals(await response.text(), "Hello Ann");
   * await server.shutdown();
   * ```
   */
  readBody<T>(
    schema: StandardSchemaV1<unknown, T>,
    options?: ReadBodyOptions,
  ): Promise<T>;
  readBody(
    schema?: StandardSchemaV1,
    options?: ReadBodyOptions,
  ): Promise<unknown> {
    return ignoreRejection(this.#readBody(schema, options));
  }

  async #readBody(
    schema: StandardSchemaV1 | undefined,
    options: ReadBodyOptions | undefined,
  ): Promise<unknown> {
    const body = await readBody(this, options);
    return schema === undefined ? body : await validate(schema, body, "body");
  }

  /**
   * Reads the query of the URL into an object; a repeated parameter is an array.
   *
   * @typeParam T The type of the query. It is not checked.
   * @param schema Left out: the query is not validated.
   * @param options The limit.
   * @returns The query.
   * @throws {HttpError} 414 if there are too many parameters. If no handler
   * catches it, it is the response.
   * @throws {RangeError} If the limit is not valid.
   */
  readQuery<T = Record<string, string | string[]>>(
    schema?: undefined,
    options?: ReadQueryOptions,
  ): Promise<T>;
  /**
   * Reads the query of the URL into an object and validates it.
   *
   * @typeParam T The output of the schema.
   * @param schema A validator that follows the Standard Schema specification.
   * @param options The limit.
   * @returns The output of the schema.
   * @throws {HttpError} 400 with a list of the issues if the schema refuses the
   * query, 414 if there are too many parameters. If no handler catches it, it is
   * the response.
   * @throws {RangeError} If the limit is not valid.
   */
  readQuery<T>(
    schema: StandardSchemaV1<unknown, T>,
    options?: ReadQueryOptions,
  ): Promise<T>;
  readQuery(
    schema?: StandardSchemaV1,
    options?: ReadQueryOptions,
  ): Promise<unknown> {
    return ignoreRejection(this.#readQuery(schema, options));
  }

  async #readQuery(
    schema: StandardSchemaV1 | undefined,
    options: ReadQueryOptions | undefined,
  ): Promise<unknown> {
    const query = collectQuery(this.query, options);
    return schema === undefined
      ? query
      : await validate(schema, query, "query");
  }

  /**
   * Makes a response with plain text.
   *
   * @param body The text.
   * @param init The status, 200 by default, and headers.
   * @returns The response.
   */
  text(body: string, init?: ResponseInit): Response {
    return new Response(body, init);
  }

  /**
   * Makes a response with a value as JSON.
   *
   * @param value The value.
   * @param init The status, 200 by default, and headers.
   * @returns The response.
   * @throws {TypeError} If the value is or has what JSON cannot carry, such as a
   * Map or a promise.
   */
  json(value: unknown, init?: ResponseInit): Response {
    const headers = new Headers(init?.headers);
    if (!headers.has("content-type")) {
      headers.set("content-type", "application/json");
    }
    return new Response(encodeJSON(value), { ...init, headers });
  }

  /**
   * Makes a response with an HTML page.
   *
   * @param body The page. Nothing in it is escaped.
   * @param init The status, 200 by default, and headers.
   * @returns The response.
   */
  html(body: string, init?: ResponseInit): Response {
    const headers = new Headers(init?.headers);
    if (!headers.has("content-type")) {
      headers.set("content-type", "text/html; charset=UTF-8");
    }
    return new Response(body, { ...init, headers });
  }

  /**
   * Makes a redirect.
   *
   * @param url The target; a path on this server is enough.
   * @param status 301, 302, 303, 307 or 308.
   * @returns The response.
   * @throws {RangeError} If the status is not that of a redirect.
   *
   * @example
   * ```ts
   * import { Router } from "@neffos/mvc";
   *
   * const router = new Router();
   * router.get("/old", (ctx) => ctx.redirect("/new", 301));
   * ```
   */
  redirect(url: string | URL, status: number = 302): Response {
    if (![301, 302, 303, 307, 308].includes(status)) {
      throw new RangeError(
        `Cannot redirect with status "${status}": it must be 301, 302, 303, 307 or 308`,
      );
    }
    // A header allows no other characters; `Response.redirect` takes no paths.
    const location = String(url).toWellFormed()
      .replace(/[^\x21-\x7e]+/g, encodeURIComponent);
    return new Response(null, { status, headers: { location } });
  }

  /**
   * Copies the fields of the request that an upgrade takes away.
   *
   * `Deno.upgradeWebSocket` takes headers, address and signal away from the
   * request, even from a `Headers` that was read before. A handler that upgrades
   * a request calls this first, so that the context stays readable; nothing is
   * copied for other requests. A second call copies nothing.
   *
   * Call it directly before the upgrade, and {@linkcode Context.setUpgraded}
   * directly after it. With an `await` in between, middleware that does not
   * wait for `next()` can answer in the meantime.
   *
   * @throws {Error} If the request is already answered: an upgrade at that point
   * would stop the listener of `Deno.serve` for good.
   *
   * @example Upgrade a request without a neffos server
   * ```ts
   * import { Router } from "@neffos/mvc";
   *
   * const router = new Router();
   * router.get("/echo", (ctx) => {
   *   if (ctx.header("upgrade") !== "websocket") {
   *     return ctx.text("Upgrade Required", { status: 426 });
   *   }
   *   ctx.detach();
   *   const { socket, response } = Deno.upgradeWebSocket(ctx.request);
   *   ctx.setUpgraded(response);
   *   socket.onmessage = (event) => socket.send(event.data);
   *   return response;
   * });
   * ```
   */
  detach(): void {
    if (this.#answered) {
      throw new Error(
        `Cannot upgrade "${this.path}": the request is already answered`,
      );
    }
    this.#copies ??= {
      method: this.request.method,
      href: this.request.url,
      headers: takeHeaders(this.request),
      remoteAddr: this.info.remoteAddr,
    };
  }

  /**
   * Tells the context that its request was upgraded. From then on the router
   * returns this response, whatever handlers and middleware return: any other
   * response would stop the listener of `Deno.serve` for good.
   *
   * @param response The response of `Deno.upgradeWebSocket`. Only the first one
   * counts.
   */
  setUpgraded(response: Response): void {
    this.#upgraded ??= response;
  }

  /**
   * Tells the context that the socket of its request is open, so that the
   * response need not be kept: it takes 600 bytes of each connection, and on
   * Node a request takes 2,600.
   */
  setOpened(): void {
    // In one process a socket may open before the router has answered.
    if (!this.#answered || this.#upgraded === undefined) return;
    this.#upgraded = SENT;
    // Deno keeps its own; others can be made again.
    if (!isHandedOver(this.request)) return;
    this.#request = undefined;
    this.#copies!.headers = packHeaders(this.headers);
  }

  #remakeRequest(): Request {
    const { href, method } = this.#copies!;
    return makeRequest(href, { method, headers: this.headers });
  }

  /**
   * Registers a callback that runs once the response has been sent, was cancelled
   * by the client, or failed. Several run in reverse order. Their errors go to
   * the router's `onError`.
   *
   * @param callback Called once.
   * @returns The context.
   * @throws {Error} If the request is already answered.
   *
   * @example
   * ```ts
   * import { Router } from "@neffos/mvc";
   *
   * const router = new Router();
   * router.get("/log", async (ctx) => {
   *   const file = await Deno.open("/var/log/messages");
   *   ctx.onSent(() => console.log(`sent to ${ctx.remoteIp}`));
   *   return new Response(file.readable);
   * });
   * ```
   */
  onSent(callback: SentCallback): this {
    if (this.#answered) {
      throw new Error(
        `Cannot wait for the response to "${this.path}": the request is already answered`,
      );
    }
    (this.#onSent ??= []).push(callback);
    return this;
  }

  /**
   * Tells the context that its request is answered. The router calls it, so that
   * a handler that is still running can no longer upgrade the request.
   *
   * @param runLate Runs what a handler that is still running leaves to be done
   * after the answer, for this context.
   * @returns The callbacks of {@linkcode Context.onSent}, if any.
   */
  setAnswered(
    runLate?: (callback: SentCallback, ctx: Context) => void,
  ): readonly SentCallback[] | undefined {
    this.#answered = true;
    this.#runLate = runLate;
    return this.#onSent;
  }

  #makeCookies(): Cookies {
    const isUpgraded = () => this.upgraded !== undefined;
    const isAnswered = () => this.#answered;
    return new Cookies({
      header: (name) => this.header(name),
      isSecure: this.#href.startsWith("https:"),
      get tooLate() {
        return isUpgraded()
          ? "the request is upgraded, and a cookie must be set before"
          : isAnswered()
          ? "the request is already answered"
          : undefined;
      },
    });
  }

  get #address(): Deno.Addr | undefined {
    return this.#copies === undefined
      ? this.info.remoteAddr
      : this.#copies.remoteAddr;
  }

  get #href(): string {
    return this.#copies?.href ?? this.request.url;
  }

  /** Its path is that of the context, which has one spelling for each path. */
  #parseUrl(): URL {
    const url = new URL(this.#href);
    if (url.pathname !== this.path) url.pathname = this.path;
    return url;
  }
}

/** A request that knows the Context that was made for it. */
interface WithContext extends UpgradeRequest {
  [contextKey]?: Context;
}

const contextKey = Symbol("neffos.context");

/**
 * Finds the Context of the request that a connection came from, or makes it.
 *
 * @param conn The connection.
 * @returns The Context, `undefined` for the connection of a client.
 */
export function findContext(conn: Conn): Context | undefined {
  if (conn.isClient) return undefined;
  if (conn.request instanceof Context) return conn.request;
  const from: WithContext = conn.request;
  return from[contextKey] ??= makeUpgradedContext(from);
}
