/** A program in another language, or with another client, that speaks neffos. */
export interface Peer {
  /** What to call it, with its version. */
  readonly name: string;
  /**
   * Makes it ready to run.
   *
   * @param cache A folder that is kept from run to run.
   * @returns The command that runs it, but for its last argument: the URL of
   * the websocket endpoint. It prints a {@linkcode Check} a line, as JSON, and
   * ends with 0, whatever the checks say.
   * @throws {UnavailableError} When this machine has not what it needs.
   */
  prepare(cache: URL): Promise<readonly [program: string, ...args: string[]]>;
}

/** What a peer has tried. */
export interface Check {
  /** What was tried. */
  readonly name: string;
  /** Whether it held. */
  readonly ok: boolean;
  /** What went wrong, or what is to be known about it. */
  readonly note?: string;
}

/** This machine has not what a peer needs. */
export class UnavailableError extends Error {
  /** The name of the class. */
  override name = "UnavailableError";
}

/**
 * Runs a program to its end.
 *
 * @param program The program.
 * @param args Its arguments.
 * @returns What it has printed.
 * @throws {UnavailableError} When there is no such program, or it fails.
 */
export async function run(program: string, ...args: string[]): Promise<string> {
  try {
    const output = await new Deno.Command(program, { args }).output();
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
