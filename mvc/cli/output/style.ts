import type { IO } from "../io.ts";

/** Colours texts, or leaves them as they are. */
export interface Style {
  /** What matters less. */
  dim(text: string): string;
  /** What names something: a command, an event. */
  name(text: string): string;
  /** Where something is: a namespace and a room. */
  place(text: string): string;
  /** What went wrong. */
  error(text: string): string;
  /** What went well. */
  good(text: string): string;
}

const CODES: Readonly<Record<keyof Style, number>> = {
  dim: 2,
  name: 1,
  place: 36,
  error: 31,
  good: 32,
};

/**
 * Chooses the colours of an output.
 *
 * @param isTTY Whether it is a terminal.
 * @param io Whether colours are wanted.
 * @returns The colours, or none.
 */
export function makeStyle(
  isTTY: boolean,
  { hasColor }: Pick<IO, "hasColor">,
): Style {
  const paint = (code: number) => (text: string) =>
    isTTY && hasColor && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
  return {
    dim: paint(CODES.dim),
    name: paint(CODES.name),
    place: paint(CODES.place),
    error: paint(CODES.error),
    good: paint(CODES.good),
  };
}
