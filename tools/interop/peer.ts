/** A program in another language, or with another client, that speaks the protocol. */
export interface Peer {
  /** Its name, with its version. */
  readonly name: string;
  /**
   * Prepares it for a run.
   *
   * @param cache A folder that is kept from run to run.
   * @returns A function that runs every check.
   * @throws {UnavailableError} When this machine lacks what it needs.
   */
  prepare(cache: URL): Promise<() => Promise<Check[]>>;
}

/** A check of a peer. */
export interface Check {
  /** What the check tries. */
  readonly name: string;
  /** Whether it held. */
  readonly ok: boolean;
  /** The failure, or a note. */
  readonly note?: string | undefined;
}

/** This machine lacks what a peer needs. */
export class UnavailableError extends Error {
  /** The name of the class. */
  override name = "UnavailableError";
}

/**
 * Runs a program that a peer needs, until it ends.
 *
 * @param program The program.
 * @param args Its arguments.
 * @param options The folder that it runs in.
 * @returns Its output.
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
 * Runs a program of this folder that prints a line of JSON for each check.
 *
 * @param program The program.
 * @param args Its arguments.
 * @param options The time limit, in milliseconds.
 * @returns Its lines, and whether it ended well.
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
    // The programs of this folder print what the caller expects.
    .map((line): T => JSON.parse(line));
  return { lines, success };
}

/**
 * Installs npm packages, without running their scripts.
 *
 * @param folder The folder to install into.
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
