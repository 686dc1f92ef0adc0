import type { RawBody } from "../../neffos/protocol/message.ts";
import type { Prng } from "./prng.ts";

/** A frame by the specification, deliberately independent of the codec. */
export interface Frame {
  readonly wait: string;
  readonly namespace: string;
  readonly room: string;
  readonly event: string;
  /** Whether the error flag is set and there is a text. */
  readonly isError: boolean;
  readonly isNoOp: boolean;
  readonly body: string;
}

const ESCAPE = "@%!semicolon@%!";

/** Parses a frame; `undefined` when it is not one of the protocol. */
export function readFrame(data: RawBody): Frame | undefined {
  // A byte order mark is an ordinary character.
  const text = typeof data === "string"
    ? data
    : new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
  const parts = text.split(";");
  if (parts.length < 7) return undefined;
  if (typeof data !== "string" && !isHeadUTF8(data)) return undefined;
  const [wait, namespace, room, event, isError, isNoOp] = parts as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const body = parts.slice(6).join(";");
  return {
    // A reply in bytes has no lone surrogates.
    wait: wait.startsWith("neffos(0x") ? "" : wait.toWellFormed(),
    namespace: unescape(namespace),
    room: unescape(room),
    event: unescape(event),
    isError: isError === "1" && body !== "",
    isNoOp: isNoOp === "1",
    body,
  };
}

function isHeadUTF8(data: Uint8Array): boolean {
  let end = -1;
  for (let i = 0; i < 6; i++) end = data.indexOf(0x3b, end + 1);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(data.subarray(0, end));
    return true;
  } catch {
    return false;
  }
}

function unescape(field: string): string {
  return field.split(ESCAPE).join(";");
}

function escape(field: string): string {
  return field.split(";").join(ESCAPE);
}

/** Writes a frame of the protocol. */
export function writeFrame(frame: Partial<Frame>): string {
  const { wait = "", namespace = "", room = "", event = "", body = "" } = frame;
  return [
    wait,
    escape(namespace),
    escape(room),
    escape(event),
    frame.isError ? "1" : "0",
    frame.isNoOp ? "1" : "0",
    body,
  ].join(";");
}

/** The namespaces that the fuzzed server has handlers for. */
export const NAMESPACES: readonly string[] = [
  "chat",
  "",
  "__proto__",
  "a;b",
  "bare",
];

/** The events that the fuzzed server has handlers for. */
export const EVENTS: readonly string[] = [
  "onSync",
  "onAsync",
  "semi;colon",
  "constructor",
];

const ODD_NAMES: readonly string[] = [
  "",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "a;b",
  ";",
  ESCAPE,
  ESCAPE.slice(1),
  "naïve 🦊",
  "\ud800",
  "\udc00\ud800x",
  "\ufeff",
  "\0",
  "\n*?[]",
  " ",
  "x".repeat(256),
  "x".repeat(257),
  "ü;".repeat(200),
];

const ROOMS: readonly string[] = ["r1", "r2", "r;3", "__proto__"];

const ASKED: readonly string[] = [
  "_OnNamespaceConnect",
  "_OnNamespaceConnect",
  "_OnNamespaceDisconnect",
  "_OnRoomJoin",
  "_OnRoomJoin",
  "_OnRoomLeave",
];

const ODD_EVENTS: readonly string[] = [
  "_OnNamespaceConnected",
  "_OnRoomJoined",
  "_OnRoomLeft",
  "_OnAnyEvent",
  "_OnNativeMessage",
  "_OnUnknown",
  "onNowhere",
];

const ODD_FRAMES: readonly string[] = [
  "M",
  "A",
  "Aother",
  "Hrefused",
  "",
  ";",
  ";;;;;",
  ";;;;;;",
  ";;;;;;;;;;;;;",
  "native text",
  "neffos(0x1;chat;;onSync;0;0;x",
];

/** Whether an event belongs to the protocol and may be asked for. */
export function isMembership(event: string): boolean {
  return ASKED.includes(event);
}

function randomName(rng: Prng, usual: readonly string[]): string {
  return rng.chance(60) ? rng.pick(ODD_NAMES) : rng.pick(usual);
}

/** Picks the name of a namespace, usually a known one. */
export function randomNamespace(rng: Prng): string {
  return randomName(rng, rng.chance(700) ? NAMESPACES.slice(0, 2) : NAMESPACES);
}

/** Picks the name of a room, usually a known one. */
export function randomRoom(rng: Prng): string {
  return randomName(rng, ROOMS);
}

/** Removes from a name what the wire cannot carry: the escape sequence. */
export function carriable(name: string): string {
  return unescape(name);
}

/** Makes a body with too few separators to be a frame itself. */
export function randomBody(rng: Prng): string {
  switch (rng.below(8)) {
    case 0:
      return "";
    case 1:
      return "a;b;c";
    case 2:
      return "🦊\ud800";
    case 3:
      return "x".repeat(rng.below(600));
    case 4:
      return "bad namespace";
    default:
      return `b${rng.below(1000)}`;
  }
}

/** Makes a frame whose fields are valid. */
function validFrame(rng: Prng, makeWait: () => string): string {
  const namespace = randomNamespace(rng);
  const kind = rng.below(100);
  if (kind < 30) {
    const event = rng.pick(ASKED);
    const isRoom = event.startsWith("_OnRoom");
    return writeFrame({
      wait: rng.chance(950) ? makeWait() : "",
      namespace,
      room: isRoom ? randomRoom(rng) : "",
      event,
      isNoOp: rng.chance(30),
      isError: rng.chance(30),
      body: rng.chance(100) ? randomBody(rng) : "",
    });
  }
  return writeFrame({
    wait: rng.chance(500) ? makeWait() : "",
    namespace,
    room: rng.chance(300) ? randomRoom(rng) : "",
    event: kind < 85 ? rng.pick(EVENTS) : randomName(rng, ODD_EVENTS),
    isNoOp: rng.chance(50),
    isError: rng.chance(50),
    body: randomBody(rng),
  });
}

const JUNK: readonly string[] = [
  ";",
  ":",
  ",",
  "1",
  "0",
  "\0",
  "\ud800",
  "#",
  "$",
  "!",
  "_",
  ESCAPE,
  "@%!",
  "true",
];

function mutate(rng: Prng, frame: string): string {
  const at = rng.below(frame.length + 1);
  switch (rng.below(8)) {
    case 0:
      return frame.slice(0, at);
    case 1:
      return frame.slice(at);
    case 2:
      return frame.slice(0, at) + rng.pick(JUNK) + frame.slice(at);
    case 3:
      return frame.slice(0, at) + frame.slice(at + 1);
    case 4:
      return frame.replace(";", rng.pick(JUNK));
    case 5:
      return frame.replaceAll(";", rng.pick([",", ";;", "\n", ESCAPE]));
    case 6: {
      const fields = frame.split(";");
      const [a, b] = [rng.below(fields.length), rng.below(fields.length)];
      [fields[a], fields[b]] = [fields[b]!, fields[a]!];
      return fields.join(";");
    }
    default:
      return frame.slice(0, at) + rng.pick(ODD_NAMES) + frame.slice(at + 1);
  }
}

function mutateBytes(rng: Prng, bytes: Uint8Array): void {
  if (bytes.length > 0) bytes[rng.below(bytes.length)] = rng.below(256);
}

/** Makes a frame: most are valid, the rest arbitrary. */
export function randomFrame(rng: Prng, makeWait: () => string): RawBody {
  if (rng.chance(20)) return rng.pick(ODD_FRAMES);
  let frame = validFrame(rng, makeWait);
  if (rng.chance(150)) frame = mutate(rng, frame);
  if (rng.chance(30)) frame = mutate(rng, frame);
  // As a WebSocket sends it.
  if (rng.chance(930)) return frame.toWellFormed();
  const bytes = new TextEncoder().encode(frame);
  if (rng.chance(300)) mutateBytes(rng, bytes);
  return bytes;
}
