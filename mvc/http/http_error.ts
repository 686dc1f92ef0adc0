/**
 * {@linkcode HttpError}: an error that is the answer to its request.
 *
 * @module
 */

import { EventError } from "../../neffos/mod.ts";
import { toResponseWith } from "./response.ts";

/**
 * A malformed request. The router answers it with 400 and reports nothing,
 * since a client can send a million of them at no cost.
 */
export class BadRequestError extends TypeError {
  override name = "BadRequestError";
}

/** The reason phrases of errors, from RFC 9110 and the IANA registry. */
const PHRASES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  407: "Proxy Authentication Required",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  418: "I'm a teapot",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  423: "Locked",
  424: "Failed Dependency",
  425: "Too Early",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  506: "Variant Also Negotiates",
  507: "Insufficient Storage",
  508: "Loop Detected",
  510: "Not Extended",
  511: "Network Authentication Required",
};

/** Finds the reason phrase of an error status; without one, its class. */
function findReasonPhrase(status: number): string {
  return PHRASES[status] ?? (status < 500 ? "Client Error" : "Server Error");
}

/**
 * An error as problem details, after RFC 9457: what a client that takes JSON
 * gets.
 *
 * @category HTTP
 */
export interface ProblemDetails {
  /** A URI reference that names the kind of problem. */
  readonly type: string;
  /** The kind of problem in words. */
  readonly title: string;
  /** The status of the response. */
  readonly status: number;
  /** What happened this time, if it is more than the title says. */
  readonly detail?: string;
  /** A URI reference that names this occurrence. */
  readonly instance?: string;
  /** Extension members, such as the `issues` of a validation. */
  readonly [extension: string]: unknown;
}

/**
 * The options of an {@linkcode HttpError}.
 *
 * @category HTTP
 */
export interface HttpErrorOptions extends ErrorOptions {
  /**
   * Headers of the response.
   *
   * @default {only those of the body}
   */
  headers?: HeadersInit;
  /**
   * The body of the response for every client, like a return value of a
   * controller's method: a string, bytes, or a value that is written as JSON.
   *
   * @default {problem details for clients that take JSON, else the text of the
   * error, as text/plain}
   */
  body?: unknown;
  /**
   * A URI reference that names the kind of problem.
   *
   * @default {"about:blank"}
   */
  type?: string;
  /**
   * The kind of problem in words.
   *
   * @default {the reason phrase of the status}
   */
  title?: string;
  /**
   * A URI reference that names this occurrence.
   *
   * @default {none}
   */
  instance?: string;
  /**
   * More members of the problem details. They go to the client.
   *
   * @default {none}
   */
  extensions?: Readonly<Record<string, unknown>>;
}

/** The members of problem details that are not extensions. */
const MEMBERS = ["type", "title", "status", "detail", "instance"];

/**
 * An error that becomes the response to its request.
 *
 * A controller's method, the factory of a service, a handler or middleware may
 * throw it. The response has its status and its headers. A client that asks for
 * JSON (`Accept: application/json` or `application/problem+json`), or sends JSON
 * and takes anything, gets problem details (RFC 9457); any other client gets the
 * text. The router calls `onError` only from status 500 on, and the hook may
 * answer otherwise. The text goes to the client; put what the client must not
 * read into `cause`.
 *
 * If the same service refuses a websocket connection, the peer gets the text,
 * as with every EventError.
 *
 * @example
 * ```ts
 * import { HttpError, Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router();
 * router.get("/users/:id", (ctx) => {
 *   throw new HttpError(404, `There is no user "${ctx.params.id}"`, {
 *     extensions: { id: ctx.params.id },
 *   });
 * });
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const url = `http://localhost:${server.addr.port}/users/1`;
 * const response = await fetch(url);
 * assertEquals(response.status, 404);
 * assertEquals(await response.text(), 'There is no user "1"');
 * const headers = { accept: "application/json" };
 * assertEquals(await (await fetch(url, { headers })).json(), {
 *   type: "about:blank",
 *   title: "Not Found",
 *   status: 404,
 *   detail: 'There is no user "1"',
 *   id: "1",
 * });
 * await server.shutdown();
 * ```
 *
 * @category HTTP
 */
export class HttpError extends EventError {
  /** The name of the class. */
  override name = "HttpError";
  /** The status of the response, 400 to 599. */
  readonly status: number;
  /** The headers of the response. */
  readonly headers: Headers;
  /** The body of the response; `undefined` for the text or the problem details. */
  readonly body: unknown;
  readonly #options: HttpErrorOptions;

  /**
   * Makes an error.
   *
   * @param status The status of the response, 400 to 599.
   * @param message The text for the client. By default it is the reason phrase
   * of the status, such as `Not Found`.
   * @param options The headers, the cause, another body than the text, and the
   * members of the problem details.
   * @throws {RangeError} If the status is not an integer from 400 to 599.
   * @throws {TypeError} If a header is not valid, or an extension has the name of
   * another member.
   */
  constructor(
    status: number,
    message?: string,
    options: HttpErrorOptions = {},
  ) {
    super(message ?? findReasonPhrase(status), options);
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(
        `Cannot make an HttpError with status "${status}": it must be an integer from 400 to 599`,
      );
    }
    for (const name of Object.keys(options.extensions ?? {})) {
      if (!MEMBERS.includes(name)) continue;
      throw new TypeError(
        `Cannot make an HttpError with the extension "${name}": it is a member of its own, and must be given otherwise`,
      );
    }
    this.status = status;
    this.headers = new Headers(options.headers);
    this.body = options.body;
    this.#options = options;
  }

  /** The error as problem details. */
  get problem(): ProblemDetails {
    const { type = "about:blank", instance, extensions } = this.#options;
    const phrase = findReasonPhrase(this.status);
    const title = this.#options.title ?? phrase;
    return {
      type,
      title,
      status: this.status,
      ...(this.message === title || this.message === phrase
        ? {}
        : { detail: this.message }),
      ...(instance === undefined ? {} : { instance }),
      ...extensions,
    };
  }

  /**
   * Makes the response. The router calls it for every HttpError that it
   * catches.
   *
   * @param format `"problem"` for problem details; by default it is the text.
   * An error with a body or a content type of its own has no other format.
   * @returns A new response.
   * @throws {TypeError} If the body can neither be sent nor written as JSON.
   */
  toResponse(format: ErrorFormat = "text"): Response {
    const headers = new Headers(this.headers);
    let { body = this.message } = this;
    if (!isFixed(this)) {
      headers.append("vary", "accept");
      if (format === "problem") {
        body = this.problem;
        headers.set("content-type", "application/problem+json");
      }
    }
    // A text may quote what a client sent, and no browser may take it for HTML.
    if (!headers.has("x-content-type-options")) {
      headers.set("x-content-type-options", "nosniff");
    }
    return toResponseWith(body, { status: this.status, headers });
  }
}

/**
 * How a client wants its errors: as text, or as problem details.
 *
 * @category HTTP
 */
export type ErrorFormat = "text" | "problem";

/** Tells whether the program has said what the response is. */
function isFixed({ body, headers }: HttpError): boolean {
  return body !== undefined || headers.has("content-type");
}

/**
 * Makes the response of an error in the format that the client takes.
 *
 * @param error The error.
 * @param headers The headers of the request.
 * @returns The response; a promise only if the client says what it takes.
 */
export function respondError(
  error: HttpError,
  headers: Headers,
): Response | Promise<Response> {
  const accept = headers.get("accept")?.trim() || "*/*";
  const isFree = accept === "*/*";
  if (isFixed(error) || isFree) {
    return error.toResponse(sendsJson(headers) ? "problem" : "text");
  }
  return negotiate(headers, accept).then((format) => error.toResponse(format));
}

async function negotiate(
  headers: Headers,
  accept: string,
): Promise<ErrorFormat> {
  // Of what the client takes equally well it gets the first.
  const types = sendsJson(headers) || namesJsonFirst(accept)
    ? [...JSON_TYPES, TEXT]
    : [TEXT, ...JSON_TYPES];
  try {
    const { accepts } = await import("./std.ts");
    const type = accepts({ headers }, ...types);
    return type === undefined || type === TEXT ? "text" : "problem";
  } catch {
    // An error must be answered, even if @std/http cannot be loaded.
    return "text";
  }
}

/** A client may ask for the parameter; one that does not takes these as well. */
const JSON_TYPES = [
  "application/problem+json;charset=utf-8",
  "application/json;charset=utf-8",
];
const TEXT = "text/plain;charset=utf-8";

/** JSON that the client does not exclude by `q=0`. */
const NAMED_JSON =
  /\bapplication\/(?:problem\+)?json\b(?![^,]*;\s*q=0(?:\.0*)?\s*(?:[,;]|$))/i;

/** As axios and Angular do: `application/json, text/plain, *\/*`. */
function namesJsonFirst(accept: string): boolean {
  const json = accept.search(NAMED_JSON);
  const text = accept.search(/\btext\/(?:plain\b|\*)/i);
  return json !== -1 && (text === -1 || json < text);
}

/** Tells whether the request has a body of JSON. */
function sendsJson(headers: Headers): boolean {
  return JSON_TYPE.test(headers.get("content-type") ?? "");
}

/** The content type of JSON, with any parameters. */
export const JSON_TYPE = /^\s*application\/(?:json|[^/\s;]+\+json)\s*(?:;|$)/i;
