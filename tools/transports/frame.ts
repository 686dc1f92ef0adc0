/** The head of a frame, valid or not. */
export interface FrameOptions {
  /** Whether it is the last frame of its message. */
  readonly isFinal?: boolean;
  /** The three reserved bits. */
  readonly reserved?: number;
  /** Whether it has a mask, as a client's must. */
  readonly isMasked?: boolean;
  /** The length that its head claims. */
  readonly length?: number;
}

const encoder = new TextEncoder();

const MASK = [0x9a, 0x3b, 0xc7, 0x05] as const;

/** Encodes a frame. The mask is fixed: no proxy is in between. */
export function makeFrame(
  opcode: number,
  data: Uint8Array | string = "",
  options: FrameOptions = {},
): Uint8Array<ArrayBuffer> {
  const { isFinal = true, reserved = 0, isMasked = true } = options;
  const body = typeof data === "string" ? encoder.encode(data) : data;
  const { length = body.length } = options;
  const start = length < 126 ? 2 : length < 65536 ? 4 : 10;
  const mask = isMasked ? 4 : 0;
  const frame = new Uint8Array(start + mask + body.length);
  const view = new DataView(frame.buffer);
  frame[0] = (isFinal ? 0x80 : 0) | reserved << 4 | opcode;
  frame[1] = isMasked ? 0x80 : 0;
  if (start === 2) frame[1] |= length;
  else if (start === 4) {
    frame[1] |= 126;
    view.setUint16(2, length);
  } else {
    frame[1] |= 127;
    view.setBigUint64(2, BigInt(length));
  }
  if (!isMasked) frame.set(body, start);
  else {
    frame.set(MASK, start);
    for (let i = 0; i < body.length; i++) {
      frame[start + mask + i] = body[i]! ^ MASK[i & 3]!;
    }
  }
  return frame;
}

/** Repeats bytes, for one write. */
export function repeat(frame: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(frame.length * times);
  for (let i = 0; i < times; i++) all.set(frame, i * frame.length);
  return all;
}

/** The opcodes of RFC 6455, section 5.2. */
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** A received frame. */
export interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly data: Uint8Array;
}

/**
 * Reads the first frame of a server, which masks none; `undefined` if not all of
 * it has come.
 */
export function takeFrame(
  bytes: Uint8Array,
): { readonly frame: Frame; readonly length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let start = 2;
  let length = bytes[1]! & 0x7f;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = view.getUint16(2);
    start = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(view.getBigUint64(2));
    start = 10;
  }
  const end = start + length;
  if (bytes.length < end) return undefined;
  const frame = {
    opcode: bytes[0]! & 0xf,
    isFinal: bytes[0]! >= 128,
    data: bytes.slice(start, end),
  };
  return { frame, length: end };
}
