/**
 * {@linkcode UpgradeRequest}: what a connection came from. Apart from the
 * upgrader, so that the types of a client need no types of Deno.
 *
 * @module
 */

/**
 * The address of a peer, as `Deno.Addr` has it.
 *
 * @category Transports
 */
export type PeerAddress =
  | {
    /** The protocol. */
    readonly transport: "tcp" | "udp";
    /** The IP address or the name. */
    readonly hostname: string;
    /** The port. */
    readonly port: number;
  }
  | {
    /** The protocol. */
    readonly transport: "unix" | "unixpacket";
    /** The path of the socket. */
    readonly path: string;
  }
  | {
    /** The protocol. */
    readonly transport: "vsock";
    /** The context identifier. */
    readonly cid: number;
    /** The port. */
    readonly port: number;
  };

/**
 * A request to open a connection, or the one that has opened it. A Context is
 * one as well.
 *
 * @category Transports
 */
export interface UpgradeRequest {
  /**
   * The request itself. Its own headers cannot be read after the upgrade; read
   * {@linkcode headers} instead.
   */
  readonly request: Request;
  /** The headers, including those sent as URL parameters. */
  readonly headers: Headers;
  /** The URL; `http://invalid/` if the Host header is no host. */
  readonly url: URL;
  /** The address of the peer, if the server was given it. */
  readonly remoteAddr?: PeerAddress | undefined;
  /** Called right before the upgrade, after which nothing can be read. */
  detach?(): void;
  /**
   * Called right after the upgrade.
   *
   * @param response The only response that may answer the request.
   */
  setUpgraded?(response: Response): void;
  /** Called when the socket is open, so that the response has been sent. */
  setOpened?(): void;
}
