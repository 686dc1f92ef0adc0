const ROOT = new URL("../../", import.meta.url);

/** All that an example may do: it listens, serves its page and reads its settings. */
const PERMISSIONS = [
  "--allow-net=127.0.0.1",
  "--allow-read=examples",
  "--allow-env=PORT,HOST",
];

/** Starts an example, on the port that it is given or on any free one. */
export type Start = (options?: ExampleOptions) => Promise<Example>;

/** Options of {@linkcode Example.start}. */
export interface ExampleOptions {
  /** What to add to the environment. */
  readonly env?: Record<string, string>;
  /**
   * The flags of its permissions.
   *
   * @default to listen, to serve its page, and to read PORT and HOST
   */
  readonly permissions?: readonly string[];
  /**
   * The port.
   *
   * @default any free one
   */
  readonly port?: number;
}

/** An example, as a process of its own, on a free port. */
export class Example implements AsyncDisposable {
  /** The address that it has printed. */
  readonly url: string;
  readonly #process: Deno.ChildProcess;
  readonly #output: Promise<unknown>;
  #errors = "";

  private constructor(
    url: string,
    process: Deno.ChildProcess,
    output: Promise<unknown>,
  ) {
    this.url = url;
    this.#process = process;
    this.#output = Promise.all([output, this.#readErrors()]);
  }

  /**
   * Starts an example.
   *
   * @param main Its main module.
   * @param options Its port, and what to add to the environment.
   * @returns The example, when it has said where it listens.
   */
  static start(main: URL, options: ExampleOptions = {}): Promise<Example> {
    const { permissions = PERMISSIONS } = options;
    const flags = ["--no-prompt", ...permissions];
    return Example.run([Deno.execPath(), "run", ...flags, main.href], options);
  }

  /**
   * Starts an example by a task of this repository.
   *
   * @param name The name of the task.
   * @param options Its port, and what to add to the environment.
   * @returns The example, when it has said where it listens.
   */
  static startTask(
    name: string,
    options: ExampleOptions = {},
  ): Promise<Example> {
    return Example.run([Deno.execPath(), "task", "--quiet", name], options);
  }

  /**
   * Starts an example by any command.
   *
   * @param command The program and its arguments, in the folder of this
   * repository.
   * @param options Its port, and what to add to the environment.
   * @returns The example, when it has said where it listens.
   */
  static async run(
    [program, ...args]: readonly string[],
    { env = {}, port = 0 }: ExampleOptions = {},
  ): Promise<Example> {
    const process = new Deno.Command(program!, {
      args: [...args, `--port=${port}`],
      cwd: ROOT,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const lines = process.stdout.pipeThrough(new TextDecoderStream());
    const url = Promise.withResolvers<string>();
    let text = "";
    const output = lines.pipeTo(
      new WritableStream({
        write(chunk) {
          text += chunk;
          const [found] = /http:\/\/\S+(?=\s)/.exec(text) ?? [];
          if (found !== undefined) url.resolve(found);
        },
        close: () => url.reject(new Error(`No address was printed: ${text}`)),
      }),
    );
    return new Example(await url.promise, process, output);
  }

  /** The port that it listens on. */
  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** What it has written to the standard error. */
  get errors(): string {
    return this.#errors;
  }

  async #readErrors(): Promise<void> {
    const { stderr } = this.#process;
    for await (const chunk of stderr.pipeThrough(new TextDecoderStream())) {
      this.#errors += chunk;
      // It belongs to the output of the test as well.
      console.error(chunk);
    }
  }

  /** Ends it by a signal, and waits until it has. */
  async stop(
    signal: Deno.Signal = "SIGTERM",
  ): Promise<Deno.CommandStatus> {
    try {
      this.#process.kill(signal);
    } catch (error) {
      // It has ended already, where a test has stopped it.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#output;
    return await this.#process.status;
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }
}

/** What a program has printed until its end. */
export interface Run {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/**
 * Runs an example that ends at once.
 *
 * @param main Its main module.
 * @param options Its flags, and what to add to the environment.
 * @returns What it has printed.
 */
export async function runExample(
  main: URL,
  { args, env = {} }: {
    readonly args: readonly string[];
    readonly env?: Record<string, string>;
  },
): Promise<Run> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", main.href, ...args],
    env: { NO_COLOR: "1", ...env },
  }).output();
  const [out = "", errors = ""] = [stdout, stderr]
    .map((data) => new TextDecoder().decode(data));
  return { code, out, errors };
}

/**
 * Tells whether a test of an example cannot run here, since npm cannot be
 * reached, and says so.
 *
 * @param test The name of the test.
 * @param specifier The package that the example imports.
 * @returns Whether to ignore it.
 */
export async function lacksPackage(
  test: string,
  specifier: string,
): Promise<boolean> {
  try {
    await import(specifier);
    return false;
  } catch (error) {
    console.warn(
      `${test}: ignored, since ${specifier} is not there (${error})`,
    );
    return true;
  }
}
