import {
  decode,
  encodeScope,
  encodeScoped,
  MAX_KEPT,
  type NativeMode,
} from "./codec.ts";
import { Message, type RawBody } from "./message.ts";

/**
 * Reads the frames of one connection. It keeps the head of the last frame:
 * most frames have the same one as the frame before, and need no taking apart.
 */
export class Decoder {
  readonly #native: NativeMode;
  /** From the first separator to the last, both included. */
  #head = "";
  #last: Message | undefined;

  /**
   * Makes a decoder.
   *
   * @param native Whether native messages are allowed.
   */
  constructor(native: NativeMode) {
    this.#native = native;
  }

  /**
   * Reads a frame.
   *
   * @param data The frame.
   * @returns The message, `undefined` when the frame is not valid.
   */
  decode(data: RawBody): Message | undefined {
    const last = this.#last;
    if (
      last !== undefined && typeof data === "string" &&
      data.startsWith(this.#head)
    ) {
      return new Message({
        namespace: last.namespace,
        room: last.room,
        event: last.event,
        body: data.slice(this.#head.length),
      });
    }
    const message = decode(data, this.#native);
    if (message !== undefined && isPlain(message) && data.length < MAX_KEPT) {
      const { namespace, room, event } = message;
      this.#last = new Message({ namespace, room, event });
      const scope = encodeScope(namespace, room);
      // Without a body it is text, and all head.
      this.#head = encodeScoped("", scope, event, "") as string;
    }
    return message;
  }
}

/** Whether nothing but its body can differ in the next one like it. */
function isPlain(message: Message): boolean {
  return message.wait === "" && message.error === undefined &&
    !message.isNoOp && !message.isNative && !message.isBinary;
}
