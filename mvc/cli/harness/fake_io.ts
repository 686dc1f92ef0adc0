import { Readable, Writable } from "node:stream";
import type { IO } from "../io.ts";

/** The input and output of a test. */
export interface FakeIO extends IO {
  /** What was written to standard output, as text. */
  readonly printed: string;
  /** What was written to standard output, as bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What was written to standard error. */
  readonly complained: string;
  /** Does what Ctrl-C does. */
  interrupt(): void;
  /** Resolves when standard output has a text. */
  shows(text: string): Promise<void>;
}

/**
 * Makes input and output without a terminal.
 *
 * @param options What standard input has, and the environment.
 * @returns The input and output, which remember what is written.
 */
export function makeFakeIO(
  { input = "", env = {}, isTTY = false }: {
    input?: string | AsyncIterable<Uint8Array>;
    env?: Readonly<Record<string, string>>;
    isTTY?: boolean;
  } = {},
): FakeIO {
  const encoder = new TextEncoder();
  const out: Uint8Array[] = [];
  let complained = "";
  const controller = new AbortController();
  const waiting = new Set<{ text: string; resolve: () => void }>();
  const join = () => {
    const all = new Uint8Array(
      out.reduce((sum, { length }) => sum + length, 0),
    );
    let at = 0;
    for (const chunk of out) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  };
  const printed = () => new TextDecoder().decode(join());
  const settle = () => {
    for (const waiter of waiting) {
      if (!printed().includes(waiter.text)) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  };
  return {
    stdin: Readable.from(
      typeof input === "string" ? [encoder.encode(input)] : input,
    ),
    screen: new Writable({ write: (_chunk, _encoding, done) => done() }),
    isTTY,
    isErrorTTY: isTTY,
    canDraw: true,
    hasColor: false,
    out(data) {
      out.push(typeof data === "string" ? encoder.encode(data) : data);
      settle();
    },
    err: (text) => void (complained += text),
    env: (name) => env[name],
    interrupted: controller.signal,
    watchInterrupt() {},
    get printed() {
      return printed();
    },
    get bytes() {
      return join();
    },
    get complained() {
      return complained;
    },
    interrupt: () => controller.abort(),
    shows(text) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add({ text, resolve });
      settle();
      return promise;
    },
  };
}
