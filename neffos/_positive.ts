/** Checks that an option is a number greater than none. */
export function assertPositive(name: string, value: unknown): void {
  if (typeof value === "number" && value > 0) return;
  throw new RangeError(
    `Cannot set "${name}" to ${String(value)}: it must be a positive number`,
  );
}
