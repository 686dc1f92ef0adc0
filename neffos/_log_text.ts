/**
 * What a terminal, a viewer of logs or the eye might obey and JSON leaves as
 * it is: DEL, C1 controls, separators of lines, direction marks.
 */
const UNSEEN = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Writes a value as JSON in one line, for a log or a terminal, whoever has
 * chosen it.
 */
export function toLogText(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, escape);
}

function escape(text: string): string {
  return Array.from(
    { length: text.length },
    (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");
}
