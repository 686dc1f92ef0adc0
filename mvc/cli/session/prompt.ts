import {
  clearScreenDown,
  createInterface,
  cursorTo,
  type Interface,
} from "node:readline";
import { HISTORY_SIZE } from "../input/history.ts";
import type { IO } from "../io.ts";
import { makeKeyInput } from "./keys.ts";

/** What a {@linkcode Prompt} needs of its owner. */
export interface PromptOptions {
  readonly io: IO;
  /** The lines of before, the latest first. */
  readonly history: readonly string[];
  /** Completes the line up to the cursor. */
  complete(line: string): [string[], string];
  /** Called with each line, one after another; Ctrl-C aborts the signal. */
  onLine(line: string, signal: AbortSignal): Promise<void>;
}

/**
 * Reads lines, and prints without destroying the one that is being typed. A
 * line that comes while another one is at work waits for it.
 */
export class Prompt {
  /** Whether people type here, and the line can be drawn. */
  readonly isTTY: boolean;
  /** Settles when there are no more lines, and all are done. */
  readonly ended: Promise<void>;
  readonly #options: PromptOptions;
  readonly #readline: Interface;
  readonly #closed = Promise.withResolvers<void>();
  #history: string[];
  /** The latest line's work. */
  #work: Promise<void> = Promise.resolve();
  /** Abort the lines that are at work or wait. */
  readonly #pending = new Set<AbortController>();
  #text = "> ";
  /** Whether Ctrl-C has just been pressed on an empty line. */
  #isWarned = false;
  #isOver = false;

  constructor(options: PromptOptions) {
    this.#options = options;
    const { io, complete } = options;
    this.isTTY = io.isTTY && io.canDraw && io.stdin.isTTY === true;
    this.#history = [...options.history];
    const { input, end } = this.isTTY
      ? makeKeyInput(io.stdin)
      : { input: io.stdin, end: () => {} };
    this.#readline = createInterface({
      input,
      ...(this.isTTY && { output: io.screen }),
      terminal: this.isTTY,
      completer: complete,
      history: [...options.history],
      historySize: HISTORY_SIZE,
      removeHistoryDuplicates: true,
      crlfDelay: Infinity,
    });
    this.#readline.on("line", (line) => this.#take(line));
    this.#readline.on("history", (lines: string[]) => this.#history = lines);
    this.#readline.on("SIGINT", () => this.#interrupt());
    this.#readline.on("close", () => {
      end();
      if (this.isTTY && !this.#isOver) this.#leave();
      this.#closed.resolve();
    });
    this.ended = this.#closed.promise.then(() => this.#work);
  }

  /** The lines that were typed, the latest first. */
  get history(): readonly string[] {
    return this.#history;
  }

  /** Sets the text before the line, and shows it. */
  setText(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    this.#readline.setPrompt(text);
    if (this.#pending.size === 0) this.#show();
  }

  /** Begins to read. */
  start(): void {
    this.#readline.setPrompt(this.#text);
    this.#show();
  }

  /** Prints lines above the one that is being typed. */
  print(text: string): void {
    const { io } = this.#options;
    if (!this.isTTY || this.#isOver) return io.out(`${text}\n`);
    this.#clear();
    io.screen.write(`${text}\n`);
    // While a line is at work there is no prompt, unless the next is being typed.
    if (this.#pending.size === 0 || this.#readline.line !== "") this.#show();
  }

  /** Reads no more lines, and drops those that wait. */
  close(): void {
    if (this.#isOver) return;
    if (this.isTTY) this.#clear();
    this.#isOver = true;
    this.#readline.close();
  }

  #take(line: string): void {
    this.#isWarned = false;
    const hasWaited = this.#pending.size > 0;
    const controller = new AbortController();
    this.#pending.add(controller);
    this.#work = this.#work.then(async () => {
      await this.#run(line, { hasWaited, signal: controller.signal });
      this.#pending.delete(controller);
      if (this.#pending.size === 0) this.#show();
    });
  }

  async #run(
    line: string,
    { hasWaited, signal }: { hasWaited: boolean; signal: AbortSignal },
  ): Promise<void> {
    if (this.#isOver || hasWaited && signal.aborted) return;
    // Its own echo stands before what the lines before it have printed.
    if (hasWaited && this.isTTY) this.print(`${this.#text}${line}`);
    await this.#options.onLine(line, signal);
  }

  #show(): void {
    if (this.isTTY && !this.#isOver) this.#readline.prompt(true);
  }

  /** Removes the prompt and the line from the screen, all of its rows. */
  #clear(): void {
    const { screen } = this.#options.io;
    const { rows } = this.#readline.getCursorPos();
    if (rows > 0) screen.write(`\x1b[${rows}A`);
    cursorTo(screen, 0);
    clearScreenDown(screen);
    // prompt() would go up by the rows of the line once more.
    Object.assign(this.#readline, { prevRows: 0 });
  }

  #interrupt(): void {
    if (this.#readline.line !== "") {
      this.#readline.write(null, { ctrl: true, name: "e" });
      this.#readline.write(null, { ctrl: true, name: "u" });
      return;
    }
    if (this.#pending.size > 0) return this.#stop();
    if (this.#isWarned) return this.close();
    this.#isWarned = true;
    this.print("(Ctrl-C again, Ctrl-D or quit ends the session)");
  }

  /** Ends by Ctrl-D; the lines of a pipe are all done first. */
  #leave(): void {
    this.#isOver = true;
    this.#stop();
    // What comes next begins on a row of its own.
    this.#options.io.screen.write("\n");
  }

  /** Stops the line that is at work, and drops those that wait. */
  #stop(): void {
    for (const controller of this.#pending) controller.abort();
  }
}
