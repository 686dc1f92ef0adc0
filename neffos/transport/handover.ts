import type { Socket } from "./socket.ts";
import type { Upgraded } from "./upgrader.ts";

/**
 * What a server of another platform than Deno hands over with a request, so
 * that an upgrader can take its connection. The socket opens only once the
 * handlers have returned the response, whose headers go out with it.
 */
export interface Handover<Raw extends object | undefined = object | undefined> {
  /** What the platform has to make a websocket of the request, until it has. */
  raw: Raw;
  /** Opens the socket; set by the upgrader that takes the request. */
  accept: ((response: Response) => void) | undefined;
}

const handoverKey = Symbol("neffos.handover");

/** A request that comes with a handover. */
interface HandedOver {
  readonly [handoverKey]?: Handover;
}

/**
 * Lets an upgrader take the connection of a request.
 *
 * @param request The request.
 * @param raw What the platform has of it.
 * @returns The handover, whose `accept` is set once an upgrader has taken it.
 */
export function handOver(request: Request, raw: object): Handover {
  const handover: Handover = { raw, accept: undefined };
  Object.defineProperty(request, handoverKey, { value: handover });
  return handover;
}

/** Whether a request comes from another platform than Deno. */
export function isHandedOver(request: Request): boolean {
  return handoverKey in request;
}

/**
 * Opens the socket of a request that an upgrader has taken, and keeps nothing of
 * the request: its connection may last for days.
 *
 * @param handover The handover.
 * @param response The response of the handlers.
 * @returns Whether an upgrader has taken the request.
 */
export function finishHandover(
  handover: Handover,
  response: Response,
): boolean {
  const { accept } = handover;
  if (accept === undefined) return false;
  handover.raw = undefined;
  handover.accept = undefined;
  accept(response);
  return true;
}

/**
 * Takes the connection of a request for an upgrader.
 *
 * @param request The request.
 * @param isRaw Tells whether the request comes from the upgrader's platform.
 * @param source Where its requests come from, for the text of the error.
 * @returns The handover.
 * @throws {TypeError} When the request comes from elsewhere.
 */
export function takeOver<Raw extends object>(
  request: Request,
  isRaw: (raw: object) => raw is Raw,
  source: string,
): Handover<Raw> {
  const handover = (request as HandedOver)[handoverKey];
  if (handover?.raw !== undefined && isRaw(handover.raw)) {
    // Its raw is of the type that has just been checked.
    return handover as Handover<Raw>;
  }
  throw new TypeError(
    `Cannot upgrade a request that does not come from ${source}: use the upgrader of the server that it comes from`,
  );
}

/**
 * Makes the result of an upgrader whose platform writes the response 101
 * itself, which only Deno can construct.
 *
 * @param socket The socket.
 * @returns The socket, with a response that stands for the one with status 101.
 */
export function makeUpgraded(socket: Socket): Upgraded {
  return { socket, response: makeUpgradeResponse() };
}

/** Makes a response that stands for one with status 101. */
export function makeUpgradeResponse(): Response {
  const response = new Response(null);
  return Object.defineProperty(response, "status", { value: 101 });
}

/** Headers that belong to the handshake itself. */
const OWN = /^(connection|upgrade|sec-websocket-.*|content-length|date)$/;

/**
 * Lists the headers that handlers and middleware have added to the response.
 *
 * @param response The response.
 * @returns Names and values; a name may come more than once.
 */
export function listAdded({ headers }: Response): [string, string][] {
  return [...headers].filter(([name]) => !OWN.test(name));
}
