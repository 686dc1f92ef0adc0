const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** Puts a name in quotes if a line could be misread with it. */
export function quoteIfOdd(name: string): string {
  return /^[\p{L}\p{N}_.:@-]+$/u.test(name) ? name : quote(name);
}

/** Puts a text of a peer in quotes. */
export function quote(text: string): string {
  return toVisible(JSON.stringify(text));
}

/** Escapes control characters as JSON does, so that a peer cannot draw on the terminal. */
export function toVisible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (char) =>
      ESCAPES[char] ??
        `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
