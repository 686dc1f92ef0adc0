import { stripVTControlCharacters } from "node:util";

/** Above this many cells the table of the line comparison is not worth its memory. */
const MAX_CELLS = 4_000_000;

/** `: msg` where the caller gave a message, else a full stop. */
export function suffix(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

/** A value as text, complete, one property to a line, keys in order. */
export function format(value: unknown): string {
  // Tests of other platforms use it as well.
  if (!("Deno" in globalThis)) return JSON.stringify(value) ?? String(value);
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    getters: true,
    strAbbreviateSize: Infinity,
  });
}

/** Both values as one text, line by line: `-` is only in `actual`, `+` only in `expected`. */
export function diff(actual: unknown, expected: unknown): string {
  const a = lines(actual);
  const b = lines(expected);
  const body = a.length * b.length > MAX_CELLS
    ? [...a.map((line) => `-   ${line}`), ...b.map((line) => `+   ${line}`)]
    : compareLines(a, b);
  return ["", "    [Diff] Actual / Expected", "", "", ...body, ""].join("\n");
}

/** The text without the colours that a terminal would show. */
export function plain(text: string): string {
  return stripVTControlCharacters(text);
}

function lines(value: unknown): string[] {
  return (typeof value === "string" ? value : format(value)).split("\n");
}

/** Keeps the longest common subsequence of the lines. */
function compareLines(a: string[], b: string[]): string[] {
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j]
        ? common[(i + 1) * width + j + 1]! + 1
        : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const out: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push(`    ${a[i]}`);
      i++;
      j++;
    } else if (
      j === b.length ||
      i < a.length &&
        common[(i + 1) * width + j]! >= common[i * width + j + 1]!
    ) {
      out.push(`-   ${a[i++]}`);
    } else {
      out.push(`+   ${b[j++]}`);
    }
  }
  return out;
}
