/** Reads an option of a tool, `--name=text`. */
export function readText(name: string): string | undefined {
  const prefix = `--${name}=`;
  return Deno.args.find((arg) => arg.startsWith(prefix))?.slice(prefix.length);
}

/**
 * Reads an option of a tool, `--name=number`.
 *
 * @throws {RangeError} When it is given and is not a whole number.
 */
export function readOption(name: string, fallback: number): number {
  const given = readText(name);
  if (given === undefined) return fallback;
  const value = Number(given);
  if (given !== "" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(
    `Cannot use "--${name}=${given}": it must be --${name}= and a whole number`,
  );
}
