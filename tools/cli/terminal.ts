import { fileURLToPath } from "node:url";
import { Screen } from "./screen.ts";

/** The command line of this repository. */
export const PROGRAM: string = fileURLToPath(
  new URL("../../mvc/cli/main.ts", import.meta.url),
);

/** How long anything in a terminal may take, in milliseconds. */
const DEADLINE = 30_000;

/** Options of {@linkcode Terminal.open}. */
export interface TerminalOptions {
  cwd?: string;
  env?: Record<string, string>;
  columns?: number;
}

/** Whether this machine has what {@linkcode Terminal} needs. */
export async function hasTerminal(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const { stdout } = await new Deno.Command("script", {
      args: ["--version"],
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout).includes("util-linux");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A command in a pseudo-terminal, by `script` of util-linux. */
export class Terminal implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #screen: Screen;
  readonly #reading: Promise<void>;
  #waiting = new Set<() => void>();
  #hasEnded = false;
  /** When something was last typed or shown. */
  #changed = performance.now();

  private constructor(process: Deno.ChildProcess, columns: number) {
    this.#process = process;
    this.#input = process.stdin.getWriter();
    this.#screen = new Screen(columns);
    this.#reading = this.#read();
  }

  /**
   * Runs a command of bash in a terminal.
   *
   * @param command The command.
   * @param options The folder, the environment, and the width.
   */
  static open(
    command: string,
    { cwd, env = {}, columns = 80 }: TerminalOptions = {},
  ): Terminal {
    const sized = `stty cols ${columns} rows 24; ${command}`;
    const process = new Deno.Command("script", {
      args: ["-qefc", sized, "/dev/null"],
      ...(cwd !== undefined && { cwd }),
      env: { TERM: "xterm", SHELL: "/bin/bash", NO_COLOR: "1", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    return new Terminal(process, columns);
  }

  /** What it shows. */
  get text(): string {
    return this.#screen.text;
  }

  /** The row of the cursor up to it. */
  get line(): string {
    const { row, column } = this.#screen.cursor;
    return (this.text.split("\n")[row] ?? "").padEnd(column).slice(0, column);
  }

  /** Types keys. */
  async type(keys: string): Promise<void> {
    this.#changed = performance.now();
    await this.#input.write(new TextEncoder().encode(keys));
  }

  /** Waits until it shows what is wanted. */
  async shows(isWanted: (text: string) => boolean): Promise<void> {
    const begin = performance.now();
    while (!isWanted(this.text)) {
      if (this.#hasEnded) throw this.#fail("has ended before");
      const left = DEADLINE - (performance.now() - begin);
      if (left <= 0) throw this.#fail("does not show it in time");
      await this.#change(left);
    }
  }

  /** Waits until it has shown nothing new for a while, in milliseconds. */
  async rests(ms: number): Promise<void> {
    while (!this.#hasEnded && performance.now() - this.#changed < ms) {
      await this.#change(ms);
    }
  }

  /** Waits for the end of the command, and returns its exit code. */
  async end(): Promise<number> {
    const timer = setTimeout(() => this.kill(), DEADLINE);
    await this.#reading;
    await this.#input.close().catch(() => {});
    const { code } = await this.#process.status;
    clearTimeout(timer);
    return code;
  }

  /** Ends the command. */
  kill(): void {
    try {
      this.#process.kill("SIGTERM");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.kill();
    await this.end();
  }

  async #read(): Promise<void> {
    const stream = this.#process.stdout.pipeThrough(new TextDecoderStream());
    for await (const text of stream) {
      this.#screen.write(text);
      this.#changed = performance.now();
      this.#wake();
    }
    this.#hasEnded = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Waits for something new, or so many milliseconds. */
  async #change(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
    clearTimeout(timer);
  }

  #fail(what: string): Error {
    return new Error(`The terminal ${what}:\n${this.text}`);
  }
}
