import process from "node:process";
import type { Readable, Writable } from "node:stream";

import { usage } from "./failure.ts";

/**
 * How many bytes are written at once: a pipe that does not block takes that
 * many, or none of them.
 */
const PIECE = 4_096;

/** How long to wait for a slow reader of the output, in milliseconds. */
const PAUSE = 5;

/** What the command line reads and writes: the terminal, or that of a test. */
export interface IO {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** What `node:readline` draws the line on. */
  readonly screen: Writable;
  /** Whether standard output is a terminal. */
  readonly isTTY: boolean;
  /** Whether standard error is one. */
  readonly isErrorTTY: boolean;
  /** Writes to standard output. */
  out(data: string | Uint8Array): void;
  /** Writes to standard error. */
  err(text: string): void;
  /** Whether a terminal can move its cursor: it is no dumb one. */
  readonly canDraw: boolean;
  /** Whether colours are wanted, where there is a terminal. */
  readonly hasColor: boolean;
  /** Reads an environment variable; one that may not be read is not set. */
  env(name: string): string | undefined;
  /** Aborted by Ctrl-C (SIGINT), SIGTERM, and when nobody reads the output. */
  readonly interrupted: AbortSignal;
  /** Takes Ctrl-C from now on, which otherwise ends the program. */
  watchInterrupt(): void;
}

/**
 * Makes the input and output of this process.
 *
 * @returns What the command line reads and writes.
 */
export function makeIO(): IO {
  const controller = new AbortController();
  const canDraw = readEnv("TERM") !== "dumb";
  const write = (stream: typeof Deno.stdout, data: string | Uint8Array) => {
    try {
      writeAll(stream, data);
    } catch (error) {
      // As `neffos watch … | head -n 1` does.
      if (error instanceof Deno.errors.BrokenPipe) return controller.abort();
      const { message } = error as Error;
      throw usage(`Cannot write the output: ${message}; check where it goes`);
    }
  };
  return {
    // Read on first use: to look at it keeps a process alive.
    get stdin() {
      return process.stdin;
    },
    get screen() {
      return process.stdout;
    },
    canDraw,
    isTTY: Deno.stdout.isTerminal(),
    isErrorTTY: Deno.stderr.isTerminal(),
    out: (data) => write(Deno.stdout, data),
    err: (text) => write(Deno.stderr, text),
    // Deno reads NO_COLOR itself, so that it needs no permission.
    hasColor: !Deno.noColor && canDraw,
    env: readEnv,
    interrupted: controller.signal,
    watchInterrupt() {
      const abort = () => controller.abort();
      Deno.addSignalListener("SIGINT", abort);
      if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", abort);
    },
  };
}

function writeAll(
  stream: typeof Deno.stdout,
  data: string | Uint8Array,
): void {
  let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(stream.writeSync(rest.subarray(0, PIECE)));
    } catch (error) {
      // A pipe that does not block, and whose reader is slower.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    }
  }
}

function readEnv(variable: string): string | undefined {
  // To read it would ask the user for the permission.
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}
