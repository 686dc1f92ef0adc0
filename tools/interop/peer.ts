/** A program in another language, or with another client, that speaks neffos. */
export interface Peer {
  /** What to call it, with its version. */
  readonly name: string;
  /**
   * Makes it ready to run.
   *
   * @param cache A folder that is kept from run to run.
   * @returns What lets it try everything.
   * @throws {UnavailableError} When this machine has not what it needs.
   */
  prepare(cache: URL): Promise<() => Promise<Check[]>>;
}

/** What a peer has tried. */
export interface Check {
  /** What was tried. */
  readonly name: string;
  /** Whether it held. */
  readonly ok: boolean;
  /** What went wrong, or what is to be known about it. */
  readonly note?: string | undefined;
}

/** This machine has not what a peer needs. */
export class UnavailableError extends Error {
  /** The name of the class. */
  override name = "UnavailableError";
}

/**
 * Runs a program that a peer needs to its end.
 *
 * @param program The program.
 * @param args Its arguments.
 * @param options The folder that it runs in.
 * @returns What it has printed.
 * @throws {UnavailableError} When there is no such program, or it fails.
 */
export async function run(
  program: string,
  args: string[],
  options: { cwd?: URL } = {},
): Promise<string> {
  try {
    const output = await new Deno.Command(program, { args, ...options })
      .output();
    const decoder = new TextDecoder();
    if (output.success) return decoder.decode(output.stdout);
    throw new UnavailableError(
      `\`${program} ${args.join(" ")}\` failed: ${
        decoder.decode(output.stderr).trim()
      }`,
    );
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new UnavailableError(`${program} is not installed`, { cause });
  }
}

/**
 * Runs a program of ours that prints a line of JSON for everything it tries.
 *
 * @param program The program.
 * @param args Its arguments.
 * @param options The time limit, in milliseconds.
 * @returns What it has printed, and whether it ended well.
 */
export async function readLines<T>(
  program: string,
  args: string[],
  { timeout }: { timeout: number },
): Promise<{ lines: T[]; success: boolean }> {
  const { success, stdout } = await new Deno.Command(program, {
    args,
    stderr: "inherit",
    signal: AbortSignal.timeout(timeout),
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n")
    .filter((line) => line !== "")
    // Our own programs print what the caller says.
    .map((line): T => JSON.parse(line));
  return { lines, success };
}

/**
 * Installs packages of npm, whose scripts are not run.
 *
 * @param folder Where to.
 * @param packages Their names, with versions.
 * @throws {UnavailableError} When that cannot be done.
 */
export async function install(
  folder: string,
  ...packages: string[]
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await run(Deno.build.os === "windows" ? "npm.cmd" : "npm", [
    "install",
    `--prefix=${folder}`,
    "--prefer-offline",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    ...packages,
  ]);
}
