/**
 * Thrown for a request that no server could make sense of. The router answers
 * it with 400 and reports nothing: it is the client's fault, and it costs a
 * client nothing to send a million of them.
 */
export class BadRequestError extends TypeError {
  override name = "BadRequestError";
}
