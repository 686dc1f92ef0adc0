/** A method and a path, as the name of a controller's method says them. */
export interface NamedRoute {
  readonly method: string;
  /** The words of the path; `undefined` stands for a path parameter. */
  readonly words: readonly (string | undefined)[];
}

const NAME =
  /^([gG]et|[pP]ost|[pP]ut|[pP]atch|[dD]elete|[hH]ead|[oO]ptions|[aA]ny)((?:\p{Lu}[\p{L}\p{N}_$]*)?)$/u;

/** A capitalised word, or capitals in a row but for the next word's first. */
const WORD = /\p{Lu}+(?![^\p{Lu}])|\p{Lu}[^\p{Lu}]*/gu;

/**
 * Reads the route that the name of a method stands for.
 *
 * An HTTP method comes first; each capitalised word after it is a segment of the
 * path, and `By` is a path parameter: `getUserBy` is GET "/user/:…".
 *
 * @returns `undefined` for a name that stands for none, such as `getter`.
 */
export function readMethodName(name: string): NamedRoute | undefined {
  const found = NAME.exec(name);
  if (found === null) return undefined;
  const words = found[2]!.match(WORD) ?? [];
  return {
    method: found[1]!.toUpperCase(),
    words: words.map((word) => word === "By" ? undefined : word.toLowerCase()),
  };
}

/**
 * Writes the path of a named route.
 *
 * @param taken The names of the parameters in the path of the party, which a
 * pattern cannot have twice.
 */
export function pathOfWords(
  words: NamedRoute["words"],
  taken: readonly string[],
): string {
  let count = 0;
  const segments = words.map((word) => {
    if (word !== undefined) return word;
    do count++; while (taken.includes(`param${count}`));
    return `:param${count}`;
  });
  return `/${segments.join("/")}`;
}
