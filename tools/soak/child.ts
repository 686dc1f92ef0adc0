import { type Answer, readLines } from "./commands.ts";
import { SoakFailure } from "./failure.ts";
import { within } from "./within.ts";

/** The most files that a process has open beside its sockets. */
const OTHER_FILES = 200;
/** The exit code of the shell when the limit cannot be raised. */
const LIMITED = 78;
/** A shell script that raises the limit and becomes the process. */
const RAISE = `
  ulimit -S -n "$0" 2>/dev/null || ulimit -n "$0" 2>/dev/null || exit ${LIMITED}
  exec "$@"
`;
/** Returns a command that starts another one which may open that many sockets. */
export function raiseLimit(
  sockets: number,
  command: readonly string[],
): string[] {
  return ["/bin/sh", "-c", RAISE, String(sockets + OTHER_FILES), ...command];
}

/** The time in which a process must end by itself, in milliseconds. */
const END = 20_000;

/** Options of a process of the soak. */
export interface ChildOptions {
  /** The program: a URL, or its path from this file. */
  readonly program: string;
  readonly args?: readonly string[];
  /** The number of sockets it will have open. */
  readonly sockets: number;
  /**
   * Whether it needs the packages of deno.json.
   *
   * @default {false}
   */
  readonly hasConfig?: boolean;
}

/** A process that takes commands; see `obey()`. */
export class Child {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string, void>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #options: ChildOptions;
  #isEnded = false;

  private constructor(process: Deno.ChildProcess, options: ChildOptions) {
    this.#process = process;
    this.#options = options;
    this.#lines = readLines(process.stdout);
    this.#input = process.stdin.getWriter();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Starts a process that may open the given number of sockets.
   *
   * @throws {SoakFailure} When the system does not allow that.
   */
  static async start(options: ChildOptions): Promise<Child> {
    const { program, args = [], sockets, hasConfig = false } = options;
    const [shell, ...shellArgs] = raiseLimit(sockets, [
      // The binary itself: a kill of a wrapper may not reach it.
      Deno.execPath(),
      "run",
      "-A",
      ...(hasConfig ? [] : ["--no-config"]),
      "--v8-flags=--expose-gc",
      new URL(program, import.meta.url).href,
      ...args,
    ]);
    const process = new Deno.Command(shell!, {
      args: shellArgs,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const child = new Child(process, options);
    try {
      await child.#answer();
    } catch (error) {
      await child.kill();
      throw error;
    }
    return child;
  }

  /**
   * Sends a command and waits for the answer.
   *
   * @typeParam T The type of the answer; the caller's claim.
   * @throws {SoakFailure} When it fails, or has ended.
   */
  async tell<T = void>(name: string, argument: unknown = {}): Promise<T> {
    const line = JSON.stringify({ name, argument }) + "\n";
    await this.#input.write(new TextEncoder().encode(line)).catch(() => {});
    return await this.#answer() as T;
  }

  /** Waits for its end; returns whether it ended by itself. */
  async end(): Promise<boolean> {
    await this.#input.close().catch(() => {});
    const status = await within(END, this.#process.status);
    if (status === undefined) await this.kill();
    else await this.#discard();
    return status?.success ?? false;
  }

  /** Kills it, if it has not ended. */
  async kill(): Promise<void> {
    if (this.#isEnded) return;
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // The process has ended already.
    }
    await this.#process.status;
    await this.#discard();
  }

  async #discard(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#input.abort().catch(() => {});
    // A stream that is not read must not stay open.
    for await (const _ of this.#lines);
  }

  async #answer(): Promise<unknown> {
    const { value: line } = await this.#lines.next();
    if (line === undefined) throw await this.#explainEnd();
    const { value, error } = JSON.parse(line) as Answer;
    if (error === undefined) return value;
    throw new SoakFailure(`${this.#options.program}: ${error}`);
  }

  async #explainEnd(): Promise<SoakFailure> {
    const { program, sockets } = this.#options;
    const { code, signal } = await this.#process.status;
    if (code !== LIMITED) {
      return new SoakFailure(`${program} has ended: ${signal ?? code}`);
    }
    const files = sockets + OTHER_FILES;
    return new SoakFailure(
      `Cannot open ${sockets} sockets: this system lets a process have fewer than ${files} files open. ` +
        `Raise the hard limit (as root "ulimit -Hn ${files}", or nofile in /etc/security/limits.conf) or hold fewer: --idle=`,
    );
  }
}
