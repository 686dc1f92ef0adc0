import type { ServerHooks } from "../api/server_api.ts";
import type { RateLimit } from "../connection/limits.ts";
import type { Origins } from "./origins.ts";

/** Options of a server. Sizes are in bytes, times in milliseconds. */
export interface ServerOptions extends ServerHooks {
  /**
   * The pages that may connect, or else are answered 403: a list of origins
   * as browsers write them, which is `https://example.com` or
   * `https://example.com:8443` (RFC 6454, section 6.2: lower case, no default
   * port, no slash at the end), or a function that decides, or `"*"` for all.
   * Programs send no origin and may always connect.
   *
   * The function gets the origin as it was sent, `null` for a page that hides
   * it; when it throws, or answers anything but `true` or `false`, that is
   * reported and answered with 500.
   *
   * By default a page must come from the host and port that the request is
   * for, and with TLS where the request came with TLS.
   *
   * @default pages of the host that the request is for
   */
  origins?: Origins;
  /**
   * Whether proxies of your own stand before the server, and how many: `true`
   * is 1. Then what the outermost of them has written into
   * `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` counts, for
   * `maxConnectionsPerAddress` and for the default of `origins`: the last
   * entry of each header, or that many from its end. Without it these
   * headers, which every client can send, mean nothing.
   *
   * Every request must come through all of those proxies, and each of them
   * must append to these headers, or replace them. `Forwarded` (RFC 7239) is
   * not read.
   *
   * @default {false}
   */
  trustProxy?: boolean | number;
  /**
   * The connections of the server. One more is answered 503, before the
   * upgrade, with a `Retry-After` of 1 to 10 seconds, by chance.
   *
   * Requests that wait for `origins` or `idGenerator` count, and every socket
   * counts until it has really ended: also one whose client reads no more or
   * never answers the close, after `closeTimeout`. So there may be more than
   * `totalConnections`.
   *
   * @default none
   */
  maxConnections?: number;
  /**
   * The connections from one IP address, which count as for `maxConnections`.
   * One more is answered 429, with a `Retry-After` as there.
   *
   * IPv6 addresses count by their /64 network, and those that are IPv4 within
   * IPv6 (`::ffff:192.0.2.1`) as IPv4. All requests without an address count
   * as one address: those of a unix socket, or of `upgrade` without its
   * `info`. Behind a proxy all have its address; see `trustProxy`.
   *
   * @default none
   */
  maxConnectionsPerAddress?: number;
  /**
   * How fast a connection may send. When it sends faster it is closed (1008).
   * Every frame that arrives counts, answers and those of the handshake too.
   *
   * A client that goes on sending may see 1006 instead, here and wherever a
   * limit closes it: Deno drops a socket when more comes after the close.
   *
   * @default none
   */
  rateLimit?: RateLimit;
  /**
   * The subprotocols that the server speaks. The first that a client offers
   * and that is among them is chosen.
   *
   * @default {[]}
   */
  protocols?: readonly string[];
  /**
   * The bytes of a message. More closes the connection (1009).
   *
   * @default {1_048_576}
   */
  maxPayload?: number;
  /**
   * The messages of a connection that may wait to be handled. More closes it
   * (1008), and so do more bytes than 16 messages of `maxPayload` have; text
   * counts as if it were ASCII.
   *
   * @default {4096}
   */
  maxQueued?: number;
  /**
   * The bytes that may wait to be sent to a connection. It is sent nothing
   * beyond them and closed (4008): it reads too slowly. What a broadcast
   * sends is looked at after 64 KiB or 64 messages for each namespace or room.
   *
   * @default {4_194_304}
   */
  maxBuffered?: number;
  /**
   * The messages that may wait to be sent to a connection, about; beyond them
   * as with `maxBuffered`. Of messages in other scripts than Latin fewer may
   * wait, down to a third.
   *
   * @default {8192}
   */
  maxBufferedMessages?: number;
  /**
   * The namespaces of a connection.
   *
   * @default {32}
   */
  maxNamespaces?: number;
  /**
   * The rooms of a connection, in all of its namespaces.
   *
   * @default {128}
   */
  maxRooms?: number;
  /**
   * The asks to a connection that may wait for an answer, with those who wait
   * for what another one has asked.
   *
   * @default {1024}
   */
  maxPendingAsks?: number;
  /**
   * The length, in UTF-16 units, of the name of a namespace, a room or an
   * event. A message with a longer one is dropped.
   *
   * @default {256}
   */
  maxNameLength?: number;
  /**
   * How long a client may take to say hello. More closes the connection
   * (4001).
   *
   * @default {10_000}
   */
  ackTimeout?: number;
  /**
   * How long an ask waits for its answer, where it does not say.
   *
   * @default {10_000}
   */
  askTimeout?: number;
  /**
   * How long a connection that is being closed, and its last handler, are
   * waited for.
   *
   * @default {5_000}
   */
  closeTimeout?: number;
}
