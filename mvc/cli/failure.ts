import {
  AskTimeoutError,
  BadNamespaceError,
  ConnectionClosedError,
  DialError,
  EventError,
} from "../../neffos/client.ts";
import { describeCode } from "./output/codes.ts";
import { toVisible } from "./output/visible.ts";

/** The exit codes; `mvc/CLI.md` and `neffos help` explain them. */
export const EXIT = {
  done: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  late: 4,
  fault: 70,
} as const;

/** One of {@linkcode EXIT}, by its name. */
export type Outcome = keyof typeof EXIT;

/** A failure that is told in one line, with what to do. */
export class Failure extends Error {
  override name = "Failure";
  /** What the exit code says. */
  readonly outcome: Outcome;

  constructor(outcome: Outcome, message: string, options?: ErrorOptions) {
    super(message, options);
    this.outcome = outcome;
  }
}

/**
 * Makes the failure of wrong arguments.
 *
 * @param message What is wrong, and what to write instead.
 * @returns The failure.
 */
export function usage(message: string): Failure {
  return new Failure("usage", message);
}

/**
 * Turns whatever a command has thrown into a failure with one line of text.
 *
 * @param error What was thrown.
 * @returns The failure.
 */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof DialError) return explainDial(error);
  if (error instanceof BadNamespaceError) return explainNamespace(error);
  if (error instanceof EventError) {
    const { event, message } = error;
    const what = event === undefined || event.startsWith("_On")
      ? "The server refused"
      : `The server refused ${JSON.stringify(event)}`;
    return new Failure("refused", `${what}: ${message}`, { cause: error });
  }
  if (error instanceof AskTimeoutError) {
    const text = `${error.message}; --timeout gives it more time`;
    return new Failure("late", text, { cause: error });
  }
  if (error instanceof ConnectionClosedError) {
    const text = `The connection was closed: ${
      describeCode(error)
    }; --reconnect comes back`;
    return new Failure("unreachable", text, { cause: error });
  }
  // The client checks URLs, headers and names itself.
  if (error instanceof TypeError || error instanceof RangeError) {
    return new Failure("usage", error.message, { cause: error });
  }
  // Files that are not there, or not allowed.
  if (error instanceof Error && Object.hasOwn(Deno.errors, error.name)) {
    return new Failure("usage", error.message, { cause: error });
  }
  const text = error instanceof Error ? error.stack ?? error.message : error;
  return new Failure("fault", `This is a bug in neffos: ${text}`, {
    cause: error,
  });
}

function explainNamespace(error: BadNamespaceError): Failure {
  const { namespace = "", event } = error;
  const isEntry = event === undefined || event.startsWith("_On");
  const text = isEntry
    ? `The server has no namespace ${
      JSON.stringify(namespace)
    }; check its name, also upper and lower case`
    : `Namespace ${JSON.stringify(namespace)} is not connected`;
  return new Failure("refused", text, { cause: error });
}

/** What to do about a status with which servers answer a handshake. */
const STATUS_ADVICE: Readonly<Record<number, string>> = {
  400: "it may expect headers, cookies or a query: -H, --cookie, --query",
  401: "give credentials, such as -H 'Authorization: Bearer …' or --cookie",
  403: "give credentials, or an origin that it allows: -H 'Origin: …'",
  404: "check the path of the URL",
  429: "it takes no more connections; try again later",
  500: "a fault of the server; look into its log",
  502: "the proxy has no server behind it; try again later",
  503: "the server is closing or full; try again later",
  504: "the server behind the proxy does not answer; try again later",
};

/** What to do about a reason that Deno gives, by a part of its text. */
const REASON_ADVICE: readonly [reason: RegExp, outcome: Outcome, string][] = [
  [/--allow-net/, "usage", "Deno lets it dial only with that"],
  [/protocol value/, "usage", "check --protocol"],
  [/dns error/, "unreachable", "no such host; check the name"],
  [
    /connect error|refused/i,
    "unreachable",
    "nothing listens there; start the server, or check the host and the port",
  ],
  [
    /corrupt message|InvalidContentType|tls handshake eof/i,
    "unreachable",
    "the server has no TLS there; try ws: instead of wss:",
  ],
  [
    /invalid HTTP version/,
    "unreachable",
    "no HTTP is spoken there; if the server has TLS, try wss: instead of ws:",
  ],
  [
    /Expired|NotValidYet/i,
    "unreachable",
    "the server needs a new certificate; check the clock of this machine too",
  ],
  [
    /not valid for name|NotValidForName/i,
    "unreachable",
    "the certificate is for another host; check the name in the URL",
  ],
  [
    /certificate|UnknownIssuer/i,
    "unreachable",
    "the certificate is not trusted; set DENO_CERT to the file of its CA, or DENO_TLS_CA_STORE=system",
  ],
];

function explainDial(error: DialError): Failure {
  const { status, message, cause } = error;
  if (cause instanceof AskTimeoutError) {
    const text = `${message}; is it a neffos server? --timeout waits longer`;
    return new Failure("late", text, { cause: error });
  }
  if (status !== undefined) {
    const advice = STATUS_ADVICE[status] ??
      "is the path of the URL that of a websocket?";
    return new Failure("unreachable", `${message}; ${advice}`, {
      cause: error,
    });
  }
  const known = REASON_ADVICE.find(([reason]) => reason.test(message));
  const [, outcome, advice] = known ??
    [undefined, "unreachable" as const, "check the URL"];
  return new Failure(outcome, `${message}; ${advice}`, { cause: error });
}

/**
 * Writes a failure in one line.
 *
 * @param failure The failure.
 * @returns The text, with its control characters escaped.
 */
export function writeFailure({ message, outcome }: Failure): string {
  // The stack of a fault is worth its lines.
  return outcome === "fault"
    ? message.split("\n").map(toVisible).join("\n")
    : toOneLine(message);
}

/** Replaces line breaks, and escapes what else could move the cursor. */
export function toOneLine(text: string): string {
  return toVisible(text.trim().replaceAll(/\s*[\r\n]+\s*/g, " "));
}
