/**
 * Reads the option `trustProxy`.
 *
 * @param trusted What the program says.
 * @returns How many proxies stand before the server.
 * @throws {RangeError} When it is no boolean and no number of proxies.
 */
export function hopsOf(trusted: boolean | number): number {
  const hops: unknown = typeof trusted === "boolean"
    ? Number(trusted)
    : trusted;
  if (Number.isInteger(hops) && hops as number >= 0) return hops as number;
  throw new RangeError(
    `Cannot set "trustProxy" to ${
      String(trusted)
    }: it must be true, false, or how many proxies there are`,
  );
}

/**
 * Reads what the outermost of our own proxies has written into a list that
 * every proxy appends to; what stands before that is the client's own claim.
 *
 * @param headers The headers of the request.
 * @param name The name of the header, such as `x-forwarded-for`.
 * @param hops How many proxies there are; with none, nothing is believed.
 * @returns The entry. Where there are fewer than proxies it is the first one,
 * since some proxies replace the header. `undefined` when there is none.
 */
export function readForwarded(
  headers: Headers,
  name: string,
  hops: number,
): string | undefined {
  if (hops === 0) return undefined;
  const entries = headers.get(name)?.split(",");
  return (entries?.at(-hops) ?? entries?.[0])?.trim();
}
