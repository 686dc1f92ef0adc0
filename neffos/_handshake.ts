import { NeffosError } from "./errors.ts";

/** A request that was not upgraded. */
export class UpgradeError extends NeffosError {
  /** The name of the class. */
  override name = "UpgradeError";
  /** The status that the client was answered with. */
  readonly status: number;
  /** The headers that the client was answered with. */
  readonly headers: Record<string, string>;

  /**
   * Makes an error.
   *
   * @param status The HTTP status.
   * @param message Why, for people; it is the body of the answer.
   * @param options The headers of the answer, and the cause.
   */
  constructor(
    status: number,
    message: string,
    options: { headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** Checks all that RFC 6455, section 4.2.1, wants of a client's handshake. */
export function assertHandshake(method: string, headers: Headers): void {
  if (method !== "GET") {
    throw new UpgradeError(
      405,
      `Cannot upgrade a ${method}: it must be a GET`,
      {
        headers: { allow: "GET" },
      },
    );
  }
  const isUpgrade = includesToken(headers.get("connection"), "upgrade") &&
    includesToken(headers.get("upgrade"), "websocket");
  if (!isUpgrade) {
    throw new UpgradeError(
      426,
      "This is a websocket endpoint: connect to it with a websocket client",
      { headers: { upgrade: "websocket", connection: "upgrade" } },
    );
  }
  const version = headers.get("sec-websocket-version");
  if (version !== "13") {
    throw new UpgradeError(
      426,
      `Cannot speak version "${
        version ?? ""
      }" of the websocket protocol: it must be 13`,
      { headers: { "sec-websocket-version": "13" } },
    );
  }
  if (!/^[+/\w]{22}==$/.test(headers.get("sec-websocket-key") ?? "")) {
    throw new UpgradeError(
      400,
      "Cannot upgrade: the header Sec-WebSocket-Key must be 16 bytes in base64",
    );
  }
}

/**
 * Chooses the subprotocol: of what the client offers, the first that the
 * server speaks.
 */
export function chooseProtocol(
  headers: Headers,
  spoken: readonly string[],
): string | undefined {
  const offered = headers.get("sec-websocket-protocol") ?? "";
  return offered.split(",").map((name) => name.trim())
    .find((name) => spoken.includes(name));
}

function includesToken(header: string | null, token: string): boolean {
  return (header ?? "").split(",")
    .some((part) => part.trim().toLowerCase() === token);
}
