import type { ServerHooks } from "../api/server_api.ts";
import type { EventTracing } from "../connection/tracing.ts";
import type { ConnectionLimits } from "../connection/limits.ts";
import type { RateLimit } from "./rate_limit.ts";
import type { BodyCodec } from "../protocol/body.ts";
import type { Origins } from "./upgrade/origins.ts";

/**
 * Options of a server. Sizes are in bytes, times in milliseconds; the
 * `idleTimeout` of {@linkcode DenoUpgraderOptions}, which is Deno's, is in
 * seconds.
 *
 * @category Server
 */
export interface ServerOptions extends ServerHooks, ConnectionLimits {
  /**
   * The pages that may connect; others are answered with 403. A list of
   * origins as browsers write them, such as `https://example.com` or
   * `https://example.com:8443` (RFC 6454, section 6.2: lower case, no default
   * port, no slash at the end), a function that decides, or `"*"` for all.
   * Programs send no origin and may always connect.
   *
   * The function gets the origin as it was sent, `null` for a page that hides
   * it. An exception, or a result that is not a boolean, is reported and
   * answered with 500.
   *
   * By default a page must come from the host and port that the request is
   * for, and with TLS if the request came with TLS.
   *
   * @default {pages of the host that the request is for}
   */
  origins?: Origins;
  /**
   * The headers that a client may send as URL parameters
   * (`X-Websocket-Header-Authorization=…`), as the clients of browsers do: names
   * in any case, or the beginning of names with `*` at the end. Each other one
   * is ignored, with a warning by `console.warn`, for at most 100 names. A
   * header that the request has already is kept.
   *
   * A page, or any client that gets past a proxy, can send what is listed: list
   * no header that a proxy sets. Those that only browsers and proxies may set
   * (`Host`, `Origin`, `Cookie`, `Sec-…`, `X-Forwarded-…` and their like) are
   * refused here, and never taken.
   *
   * @default {["Authorization", "X-Websocket-*"]}
   */
  parameterHeaders?: readonly string[];
  /**
   * Whether proxies of your own stand before the server, and their number;
   * `true` is 1. The server then reads the entry that the outermost of them
   * has appended to `X-Forwarded-For`, `X-Forwarded-Host` and
   * `X-Forwarded-Proto`, for `maxConnectionsPerAddress` and for the default of
   * `origins`. Without it these headers, which any client can send, are
   * ignored.
   *
   * Every request must come through all of those proxies, and each of them
   * must append to these headers, or replace them. `Forwarded` (RFC 7239) is
   * not read.
   *
   * @default {false}
   */
  trustProxy?: boolean | number;
  /**
   * The maximum number of connections. One more is answered with 503 before
   * the upgrade, with a random `Retry-After` of 1 to 10 seconds.
   *
   * Requests that wait for `origins` or `idGenerator` count. A socket counts
   * until it has really ended: if its client reads no more or does not answer
   * the close, until `closeTimeout`. `totalConnections` may be less.
   *
   * @default {Infinity}
   */
  maxConnections?: number;
  /**
   * The maximum number of connections from one IP address, counted as for
   * `maxConnections`. One more is answered with 429 and a `Retry-After`.
   *
   * An IPv6 address counts by its /64 network, IPv4 within IPv6
   * (`::ffff:192.0.2.1`) as IPv4. All requests without an address count as
   * one: those of a unix socket, or of `upgrade` without its `info`. Behind a
   * proxy all requests have its address; see `trustProxy`.
   *
   * @default {Infinity}
   */
  maxConnectionsPerAddress?: number;
  /**
   * The rate at which a connection may send, in messages for a period in
   * milliseconds; a faster one is closed (1008).
   * Every frame counts, answers and those of the handshake too.
   *
   * A client that keeps sending may see 1006 instead, here and at every limit
   * that closes a connection: Deno drops a socket that receives more after
   * the close.
   *
   * @default {undefined} no limit
   */
  rateLimit?: RateLimit;
  /**
   * The subprotocols of the server. The first one that a client offers and
   * that is among them is chosen.
   *
   * @default {[]}
   */
  protocols?: readonly string[];
  /**
   * Encodes and decodes the bodies of all connections instead of JSON. The
   * other side must have the same codec.
   *
   * @default {JSON}
   */
  bodyCodec?: BodyCodec;
  /**
   * Traces the events of the server and what it sends: the result of
   * `traceEvents`. For handlers that are no controllers; these have it as
   * middleware, in `app.use` or `static use`.
   *
   * @default {undefined} nothing is traced, unless middleware does
   */
  trace?: EventTracing;
  /**
   * The time limit, in milliseconds, of the handshake that follows the
   * upgrade. A client that takes longer is closed (4001).
   *
   * @default {10_000}
   */
  ackTimeout?: number;
  /**
   * The time limit, in milliseconds, of an ask that sets none of its own.
   *
   * @default {10_000}
   */
  askTimeout?: number;
  /**
   * The time limit, in milliseconds, of closing a connection, its last handler
   * included.
   *
   * @default {5_000}
   */
  closeTimeout?: number;
}
