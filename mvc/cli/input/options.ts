import { usage } from "../failure.ts";

/** The longest time that a timer takes, in milliseconds: almost 25 days. */
const MAX_DURATION = 2 ** 31 - 1;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a duration: `10`, `10s`, `500ms`, `2m` or `1h`.
 *
 * @param option The name of the option, for errors.
 * @param text The duration; without a unit, in seconds.
 * @returns The duration, in milliseconds.
 * @throws {Failure} When it is none, not positive, or longer than 596 hours.
 */
export function parseDuration(option: string, text: string): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ??
    [];
  const duration = Number(number) * UNITS[unit]!;
  if (duration > 0 && duration <= MAX_DURATION) return duration;
  throw usage(
    `Cannot set --${option} to ${
      JSON.stringify(text)
    }: write a duration such as 10s, 500ms or 2m, of at most 596h`,
  );
}

/**
 * Reads a whole number from 1.
 *
 * @param option The name of the option, for errors.
 * @param text The number.
 * @param most The largest one.
 * @returns The number.
 * @throws {Failure} When it is none, or too large.
 */
export function parseCount(
  option: string,
  text: string,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count > 0 && count <= most) return count;
  throw usage(
    `Cannot set --${option} to ${
      JSON.stringify(text)
    }: write a whole number from 1${
      most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ""
    }`,
  );
}

/**
 * Reads a rate: events a second.
 *
 * @param option The name of the option, for errors.
 * @param text The rate, such as `200` or `0.5`.
 * @returns The rate.
 * @throws {Failure} When it is none.
 */
export function parseRate(option: string, text: string): number {
  const rate = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (rate > 0) return rate;
  throw usage(
    `Cannot set --${option} to ${
      JSON.stringify(text)
    }: write how many a second, such as 200`,
  );
}

/**
 * Reads headers as curl takes them: `Name: value`, or `@file` with one a line.
 *
 * @param lines What was given.
 * @param readFile Reads a file.
 * @returns The names and values.
 * @throws {Failure} When one is none.
 */
export async function parseHeaders(
  lines: readonly string[],
  readFile: (path: string) => Promise<string>,
): Promise<[name: string, value: string][]> {
  const headers: [string, string][] = [];
  for (const line of lines) {
    const all = line.startsWith("@")
      ? (await readFile(line.slice(1))).split(/\r?\n/)
      : [line];
    for (const header of all.filter((text) => text.trim() !== "")) {
      headers.push(parseHeader(header));
    }
  }
  return headers;
}

function parseHeader(text: string): [string, string] {
  const [, name, value] = /^([^\s:]+)\s*:\s*(.*?)\s*$/.exec(text) ?? [];
  if (name !== undefined && isHeader(name, value!)) return [name, value!];
  // It may be a secret, so that only its name is shown.
  const shown = text.replace(/[:=].*/s, "…");
  throw usage(
    `Cannot send the header ${
      JSON.stringify(shown)
    }: write 'Name: value', or @FILE`,
  );
}

function isHeader(name: string, value: string): boolean {
  try {
    new Headers([[name, value]]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads `name=value`.
 *
 * @param option The name of the option, for errors.
 * @param text What was given.
 * @returns The name and the value.
 * @throws {Failure} When it has no name.
 */
export function parsePair(option: string, text: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw usage(
    `Cannot set --${option} to ${
      JSON.stringify(text.slice(0, 20))
    }: write name=value`,
  );
}
