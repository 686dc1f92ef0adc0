import { PassThrough, type Readable } from "node:stream";

/** What was typed at once: keys for `node:readline` to decode, or a pasted text. */
export interface Part {
  readonly text: string;
  readonly isPasted: boolean;
}

/**
 * Splits what a terminal sends at once into keys and pasted texts. A tab within
 * a pasted text is a part of it, and completes nothing.
 *
 * @param text What was sent.
 * @returns The parts, in order.
 */
export function splitKeys(text: string): Part[] {
  const parts = Array.from(text.matchAll(PARTS), ([part]) => part);
  return parts.map((part, i) => ({
    text: part,
    isPasted: !part.startsWith("\x1b") && part.length > 1 ||
      part === "\t" && i < parts.length - 1,
  }));
}

/** An escape sequence, two or more characters that are no keys, or one key. */
const PARTS = new RegExp(
  "\x1b(?:[[O][\\d;]*[A-Za-z~^$]?|[^])?|[^\x00-\x1f\x7f]{2,}|[^]",
  "gu",
);

/** A terminal's input. */
export type KeyInput = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
};

/**
 * Makes the input of `node:readline` on a terminal. A pasted text goes to it as
 * one key: it draws the line anew for each, so that 2,000 characters would take
 * six seconds.
 *
 * @param stdin The terminal's input.
 * @returns The input, and a function that ends it.
 */
export function makeKeyInput(
  stdin: KeyInput,
): { input: PassThrough; end: () => void } {
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => stdin.setRawMode?.(isRaw),
  });
  const decoder = new TextDecoder();
  const take = (chunk: Uint8Array) => {
    const text = decoder.decode(chunk, { stream: true });
    for (const { text: part, isPasted } of splitKeys(text)) {
      if (isPasted) input.emit("keypress", part, { sequence: part });
      else input.emit("data", new TextEncoder().encode(part));
    }
  };
  const end = () => {
    stdin.off("data", take);
    stdin.pause();
  };
  stdin.on("data", take);
  stdin.on("end", () => input.emit("end"));
  return { input, end };
}
