import {
  type Client,
  dial,
  EventError,
  type Events,
  type Message,
  type NSConn,
  type RawBody,
} from "../../neffos/client.ts";
import type { Call, Options } from "./command.ts";
import { toFailure, writeFailure } from "./failure.ts";
import { readBody } from "./input/body.ts";
import { parseDuration, parseHeaders, parsePair } from "./input/options.ts";
import { describeCode } from "./output/codes.ts";

/** The options of every command that connects. */
export const CONNECTION_OPTIONS: Options = {
  header: {
    short: "H",
    value: "HEADER",
    isList: true,
    about:
      "send a header with the handshake: 'Name: value', or @FILE with one a line",
  },
  cookie: {
    short: "b",
    value: "NAME=VALUE",
    isList: true,
    about: "send a cookie with the handshake",
  },
  query: {
    short: "q",
    value: "NAME=VALUE",
    isList: true,
    about: "add a parameter to the URL",
  },
  protocol: {
    value: "NAME",
    isList: true,
    about: "offer a subprotocol",
  },
  "connect-body": {
    value: "BODY",
    about: "send a body with the connect of each namespace, such as a token",
  },
  timeout: {
    short: "t",
    value: "TIME",
    about: "how long to wait for the server, such as 500ms or 1m (10s)",
  },
};

/** The option of commands that stay connected. */
export const RECONNECT: Options = {
  reconnect: {
    about:
      "reconnect when the connection is lost, into the same namespaces and rooms",
  },
};

/** How long to wait for the server by default, in milliseconds. */
const TIMEOUT = 10_000;

/** A command's side of its connection. */
export interface ConnectionHandlers {
  /** The namespaces to handle. */
  readonly namespaces: readonly string[];
  /** Makes the events of one of them. */
  makeEvents(namespace: string): Events;
  /**
   * Told what happens to the connection, and whether it is lost for now, if that
   * has changed.
   */
  onNotice?: (text: string, isAway?: boolean) => void;
}

/**
 * Reads the time limit of a command.
 *
 * @param call What it was called with.
 * @returns The limit, in milliseconds.
 */
export function readTimeout(call: Call): number {
  const timeout = call.get("timeout");
  return timeout === undefined ? TIMEOUT : parseDuration("timeout", timeout);
}

/**
 * Reads the body of `--connect-body`.
 *
 * @param call What the command was called with.
 * @returns The body, if there is one.
 */
export async function readConnectBody(
  call: Call,
): Promise<RawBody | undefined> {
  const written = call.get("connect-body");
  return written === undefined ? undefined : await readBody(written);
}

/**
 * Connects a namespace for a command.
 *
 * @param call What the command was called with.
 * @param client The client.
 * @param namespace The name of the namespace.
 * @returns The connection in it.
 */
export async function enterNamespace(
  call: Call,
  client: Client,
  namespace: string,
): Promise<NSConn> {
  const timeout = readTimeout(call);
  const body = await readConnectBody(call);
  return await client.connect(namespace, {
    timeout,
    ...(body !== undefined && { body }),
  });
}

/**
 * Refuses an ask of the server: commands do not answer.
 *
 * @param msg What has come.
 */
export function refuseAsk({ wait }: Message): void {
  if (wait !== "") throw new EventError("nobody answers here");
}

/**
 * Connects to the server of a command.
 *
 * @param call What it was called with; its first argument is the URL.
 * @param handlers Its side of the connection.
 * @returns The client.
 */
export async function dialServer(
  call: Call,
  { namespaces, makeEvents, onNotice = () => {} }: ConnectionHandlers,
): Promise<Client> {
  const handler = Object.fromEntries(
    namespaces.map((namespace) => [namespace, makeEvents(namespace)]),
  );
  const timeout = readTimeout(call);
  return await dial(
    makeURL(call),
    handler,
    {
      headers: await readHeaders(call),
      protocols: [...call.list("protocol")],
      timeout,
      askTimeout: timeout,
      reconnect: call.has("reconnect"),
      onClose(info, willReconnect) {
        if (!willReconnect) return;
        onNotice(`connection lost: ${describeCode(info)}`, true);
      },
      onReconnecting: (tries, delay) =>
        onNotice(`attempt ${tries} in ${(delay / 1_000).toFixed(1)} s`),
      onReconnect: () => onNotice("connected again", false),
      onError: (error) => onNotice(writeFailure(toFailure(error))),
    },
  );
}

/** Adds `--query` to the URL. */
function makeURL(call: Call): string {
  const [url = ""] = call.words;
  const added = new URLSearchParams(
    call.list("query").map((text) => parsePair("query", text)),
  ).toString();
  if (added === "") return url;
  const [before, hash = ""] = url.split("#") as [string, string?];
  return `${before}${before.includes("?") ? "&" : "?"}${added}${
    hash && `#${hash}`
  }`;
}

async function readHeaders(call: Call): Promise<[string, string][]> {
  const headers = await parseHeaders(
    call.list("header"),
    (path) => Deno.readTextFile(path),
  );
  const cookies = call.list("cookie");
  for (const cookie of cookies) parsePair("cookie", cookie);
  if (cookies.length > 0) headers.push(["cookie", cookies.join("; ")]);
  return headers;
}
