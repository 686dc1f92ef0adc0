/**
 * {@linkcode clientScript}: the client as a file for pages.
 *
 * @module
 */

import { promisify } from "node:util";
import type { Context } from "./http/context.ts";
import type { RouteHandler } from "./router/handlers.ts";

/**
 * Options of {@linkcode clientScript}.
 *
 * @category Client
 */
export interface ClientScriptOptions {
  /**
   * The header `cache-control`. By default a browser keeps the file, and asks
   * with each load of a page whether it is still the same: a new version of the
   * server brings its own client.
   *
   * @default {"no-cache"}
   */
  cacheControl?: string | undefined;
}

/**
 * Makes a handler that serves the client to browsers, as one ES module, so that
 * a page needs no build. It exports what `@neffos/mvc/client` exports.
 *
 * ```html
 * <script type="module">
 *   import { dial } from "/neffos.js";
 *   const client = await dial("/chat", { default: {} });
 * </script>
 * ```
 *
 * The response has a strong entity tag, and is compressed with Brotli or gzip
 * for clients that accept it. The module is loaded, compressed and hashed once,
 * with the first request.
 *
 * @param options The header `cache-control`.
 * @returns The handler, for `router.get`.
 * @throws {TypeError} If the options are not an object, or `cacheControl` is not
 * a value of a header.
 *
 * @example
 * ```ts
 * import { clientScript, Router } from "@neffos/mvc";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const router = new Router();
 * router.get("/neffos.js", clientScript());
 *
 * const listener = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const url = `http://localhost:${listener.addr.port}/neffos.js`;
 * const response = await fetch(url);
 * assertStringIncludes(await response.text(), "dial");
 * await listener.shutdown();
 * ```
 *
 * @category Client
 */
export function clientScript(options: ClientScriptOptions = {}): RouteHandler {
  const cacheControl = readCacheControl(options);
  const common = new Headers({
    "cache-control": cacheControl,
    "vary": "accept-encoding",
  });
  let script: Promise<Representation[]> | undefined;
  const handle = async ({ headers: asked }: Context): Promise<Response> => {
    const { body, tag, encoding } = choose(
      await (script ??= loadScript()),
      asked.get("accept-encoding") ?? "",
    );
    const headers = new Headers(common);
    headers.set("etag", tag);
    if (hasTag(asked.get("if-none-match") ?? "", tag)) {
      return new Response(null, { status: 304, headers });
    }
    headers.set("content-type", "text/javascript; charset=utf-8");
    if (encoding !== "identity") headers.set("content-encoding", encoding);
    return new Response(body, { headers });
  };
  // For `Router.routes()` and `Router.explain()`.
  return Object.defineProperty(handle, "name", { value: "clientScript" });
}

function readCacheControl(options: ClientScriptOptions): string {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot take a value of type "${
        options === null ? "null" : typeof options
      }" as the options of a client script: they must be an object such as { cacheControl }`,
    );
  }
  const { cacheControl = "no-cache" } = options;
  if (typeof cacheControl === "string" && cacheControl !== "") {
    return cacheControl;
  }
  throw new TypeError(
    `Cannot use ${
      JSON.stringify(cacheControl)
    } as the "cacheControl" of a client script: it must be a string such as "no-cache"`,
  );
}

/** One form of the file. */
interface Representation {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Its entity tag, in quotes. */
  readonly tag: string;
  /** The name of its content coding. */
  readonly encoding: "br" | "gzip" | "identity";
}

/** Loads the file, which few programs serve, in all forms, the smallest first. */
async function loadScript(): Promise<Representation[]> {
  const { CLIENT_BUNDLE } = await import("./http/client_bundle.ts");
  // The CompressionStream of Node 20 knows no Brotli.
  const { brotliCompress, gzip } = await import("node:zlib");
  const plain = new TextEncoder().encode(CLIENT_BUNDLE);
  return await Promise.all([
    promisify<Uint8Array, Uint8Array>(brotliCompress)(plain)
      .then((body) => represent(body, "br")),
    promisify<Uint8Array, Uint8Array>(gzip)(plain)
      .then((body) => represent(body, "gzip")),
    represent(plain, "identity"),
  ]);
}

async function represent(
  data: Uint8Array,
  encoding: Representation["encoding"],
): Promise<Representation> {
  const body = new Uint8Array(data);
  const hash = await crypto.subtle.digest("SHA-256", body);
  // Node has no Uint8Array.prototype.toBase64() before version 25.
  const text = btoa(String.fromCharCode(...new Uint8Array(hash)))
    .replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
  return { body, encoding, tag: `"${text}"` };
}

/**
 * Chooses the form that a client prefers, the smallest of several, by its header
 * `accept-encoding` (RFC 9110, section 12.5.3).
 */
function choose(
  all: readonly Representation[],
  header: string,
): Representation {
  const weights = new Map(
    header.toLowerCase().split(",").map((text) => {
      const [name = "", ...parameters] = text.split(";")
        .map((part) => part.trim());
      const weight = parameters.find((part) => part.startsWith("q="));
      return [name, weight === undefined ? 1 : Number(weight.slice(2))];
    }),
  );
  const weigh = ({ encoding }: Representation) =>
    weights.get(encoding) ?? weights.get("*") ?? 0;
  const best = Math.max(...all.map(weigh));
  // What is not compressed may be sent to all.
  return all.find((each) => best > 0 && weigh(each) === best) ?? all.at(-1)!;
}

/** Whether `if-none-match` has a tag (RFC 9110, section 13.1.2). */
function hasTag(header: string, tag: string): boolean {
  const tags = header.split(",").map((text) => text.trim().replace(/^W\//, ""));
  return tags.includes(tag) || tags.includes("*");
}
