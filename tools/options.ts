/**
 * Reads an option of a tool, `--name=number`.
 *
 * @throws {RangeError} When it is given and is no whole number.
 */
export function readOption(name: string, fallback: number): number {
  const prefix = `--${name}=`;
  const given = Deno.args.find((arg) => arg.startsWith(prefix));
  if (given === undefined) return fallback;
  const value = Number(given.slice(prefix.length));
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(
    `Cannot use "${given}": it must be ${prefix} and a whole number`,
  );
}
