import { NeffosError } from "./errors.ts";

/**
 * A request was not upgraded.
 *
 * @example
 * ```ts
 * import { denoUpgrader, Server, UpgradeError } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: {} }, {
 *   idGenerator(request) {
 *     const key = request.headers.get("authorization");
 *     if (key === null) throw new UpgradeError(401, "a key is required");
 *     return key;
 *   },
 *   onUpgradeError: (error) => console.warn(error.status, error.message),
 * });
 * await server.close();
 * ```
 *
 * @category Errors
 */
export class UpgradeError extends NeffosError {
  static {
    this.prototype.name = "UpgradeError";
  }
  /** The HTTP status of the response. */
  readonly status: number;
  /** The headers of the response. */
  readonly headers: Record<string, string>;

  /**
   * Makes an error.
   *
   * @param status The HTTP status.
   * @param message The reason, in words; it is the body of the response.
   * @param options The headers of the response, and the cause.
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
