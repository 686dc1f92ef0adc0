/**
 * What is published. It is always a frame of the protocol whose wait field
 * names its sender, as between servers in Go, so that those can read it:
 *
 *     neffos(0x@1:kind:server:sequence:flags:to:signature);namespace;room;…
 *     neffos(0x@1:kind:server:sequence:flags:to:context:signature);namespace;…
 *
 * Go leaves out the connection of that name and removes the field. No
 * connection in Go has a name with "@".
 *
 * - kind `m`: what follows the head is the frame for the clients, as it is.
 * - kind `x`: what Go cannot say. Its namespace is one that no connection in Go
 *   is in, so that Go drops it; its body is a line of JSON and the frame.
 * - kind `c`: between servers. Its body is a line of JSON, and bytes or text.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { SENDER_MARK } from "../protocol/codec.ts";
import type { ExchangeData } from "./stack_exchange.ts";

/** The version of this format; others are skipped. */
const VERSION = "1";

const MARK = `${SENDER_MARK}@`;

/** How all of this version begin. */
const BEGIN = `${MARK}${VERSION}:`;

/** The namespace of what is between servers of this module. */
const HIDDEN = ";@neffos;;;0;0;";

/** A whole head. The ID of a server is a UUID, in this version. */
const HEAD =
  /^neffos\(0x@1:([mxc]):([\w-]{1,64}):([0-9a-z]+):(v?):([^:)]*)(?::([^:)]*))?:([\w-]*)\)/;

/** The longest head, in bytes: an ID of 1,024 characters is escaped in it. */
const MAX_HEAD = 16_384;

const NEWLINE = 0x0a;
const COLON = 0x3a;
const LETTER_M = 0x6d;

/** The place of the kind, after the version, and of the server after that. */
const KIND_AT = BEGIN.length;
const SERVER_AT = KIND_AT + 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** The kinds of what is published. */
export type Kind = "m" | "x" | "c";

/** What the head says. */
export interface Head {
  readonly kind: Kind;
  /** The server, or emitter, that has published it. */
  readonly server: string;
  /** Counts what one server has published to one channel. */
  readonly sequence: number;
  /** Whether receivers that read slowly are skipped. */
  readonly isVolatile: boolean;
  /** The ID that it is for, else empty. */
  readonly to: string;
  /** The context of a trace, a W3C `traceparent`; for servers alone. */
  readonly context: string | undefined;
}

/** What was published, opened. */
export interface Envelope extends Head {
  /** What follows the head: a frame, or text and bytes after a line of JSON. */
  readonly data: ExchangeData;
  /** The line of JSON, parsed; `undefined` for a frame. */
  readonly meta: unknown;
}

/** Why something could not be opened. */
export type Refusal = "invalid" | "unknownVersion" | "unsigned";

/** Signs what is published, and checks what comes. */
export class Signer {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  sign(channel: string, head: string, rest: ExchangeData): string {
    return createHmac("sha256", this.#secret).update(`${channel}\n${head}\n`)
      .update(rest).digest("base64url");
  }

  isValid(
    channel: string,
    head: string,
    rest: ExchangeData,
    signature: string,
  ): boolean {
    const expected = encoder.encode(this.sign(channel, head, rest));
    const given = encoder.encode(signature);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }
}

/** What is to be published. */
export interface Sealable {
  readonly kind: Kind;
  readonly channel: string;
  readonly data: ExchangeData;
  readonly meta: unknown;
  readonly to: string;
  readonly isVolatile: boolean;
  readonly context: string | undefined;
}

/** Seals what a server publishes. */
export class Sealer {
  readonly #server: string;
  readonly #signer: Signer | undefined;

  constructor(server: string, signer: Signer | undefined) {
    this.#server = server;
    this.#signer = signer;
  }

  /**
   * Seals something.
   *
   * @param parts What is to be published.
   * @param sequence Its number, among what this server has published there.
   */
  seal(parts: Sealable, sequence: number): ExchangeData {
    const { kind, channel, data, meta, to, isVolatile, context } = parts;
    const flags = isVolatile ? "v" : "";
    const id = to === "" ? "" : escapeId(to);
    const trace = context === undefined ? "" : `:${context}`;
    const head = `${BEGIN}${kind}:${this.#server}:${
      sequence.toString(36)
    }:${flags}:${id}${trace}`;
    const rest = kind === "m"
      ? data
      : join(`${HIDDEN}${JSON.stringify(meta)}\n`, data);
    const signature = this.#signer?.sign(channel, head, rest) ?? "";
    return join(`${head}:${signature})`, rest);
  }
}

/** Tells whether something was published by this module, in any version. */
export function isSealed(data: ExchangeData): boolean {
  if (typeof data === "string") return data.startsWith(MARK);
  if (data.length < MARK.length) return false;
  for (let i = 0; i < MARK.length; i++) {
    if (data[i] !== MARK.charCodeAt(i)) return false;
  }
  return true;
}

/** Tells whether a server has published something that is sealed. */
export function isFrom(data: ExchangeData, server: string): boolean {
  if (typeof data === "string") {
    return data.startsWith(`${server}:`, SERVER_AT);
  }
  for (let i = 0; i < server.length; i++) {
    if (data[SERVER_AT + i] !== server.charCodeAt(i)) return false;
  }
  return data[SERVER_AT + server.length] === COLON;
}

/** Opens what was sealed; tells why if it cannot. */
export function open(
  sealed: ExchangeData,
  channel: string,
  signer: Signer | undefined,
): Envelope | Refusal {
  // Most of it is text, which is decoded as a whole, and only once.
  const data = typeof sealed !== "string" && sealed[KIND_AT] === LETTER_M
    ? decodeText(sealed) ?? sealed
    : sealed;
  const end = findEnd(data);
  if (end === undefined) return "invalid";
  const text = typeof data === "string"
    ? data
    : decodeText(data.subarray(0, end + 1)) ?? "";
  const fields = HEAD.exec(text);
  if (fields === null) {
    return text.startsWith(BEGIN) ? "invalid" : "unknownVersion";
  }
  const [head, kind, server, digits, flags, escaped, context, signature] =
    fields;
  const sequence = parseInt(digits!, 36);
  const to = escaped === "" ? "" : unescapeId(escaped!);
  if (to === undefined || !Number.isSafeInteger(sequence)) return "invalid";
  const rest = typeof data === "string"
    ? data.slice(end + 1)
    : data.subarray(end + 1);
  if (signer !== undefined) {
    const signed = head.slice(0, -signature!.length - 2);
    if (!signer.isValid(channel, signed, rest, signature!)) return "unsigned";
  }
  const content = kind === "m" ? openFrame(rest) : openHidden(rest);
  if (content === undefined) return "invalid";
  return {
    kind: kind as Kind,
    server: server!,
    sequence,
    isVolatile: flags === "v",
    to,
    context,
    data: content.data,
    meta: content.meta,
  };
}

/** Decodes UTF-8; `undefined` for anything else. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

type Content = Pick<Envelope, "data" | "meta">;

function openFrame(rest: ExchangeData): Content | undefined {
  const data = typeof rest === "string" ? rest : decodeText(rest);
  return data?.startsWith(";") ? { data, meta: undefined } : undefined;
}

function openHidden(rest: ExchangeData): Content | undefined {
  const end = typeof rest === "string"
    ? rest.indexOf("\n")
    : rest.indexOf(NEWLINE);
  if (end < HIDDEN.length) return undefined;
  const line = typeof rest === "string"
    ? rest.slice(HIDDEN.length, end)
    : decodeText(rest.subarray(HIDDEN.length, end));
  if (line === undefined) return undefined;
  const data = typeof rest === "string"
    ? rest.slice(end + 1)
    : rest.subarray(end + 1);
  try {
    return { data, meta: JSON.parse(line) };
  } catch {
    return undefined;
  }
}

/** Finds the end of the head: its closing bracket. */
function findEnd(data: ExchangeData): number | undefined {
  const from = MARK.length;
  const end = typeof data === "string"
    ? data.indexOf(")", from)
    : data.indexOf(0x29, from);
  return end < 0 || end > MAX_HEAD ? undefined : end;
}

/** As `encodeURIComponent`, and without a bracket, which ends the head. */
function escapeId(id: string): string {
  return encodeURIComponent(id).replaceAll(")", "%29");
}

function unescapeId(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function join(head: string, rest: ExchangeData): ExchangeData {
  if (typeof rest === "string") return head + rest;
  const start = encoder.encode(head);
  const whole = new Uint8Array(start.length + rest.length);
  whole.set(start);
  whole.set(rest, start.length);
  return whole;
}
