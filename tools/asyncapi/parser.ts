/**
 * The official parser of AsyncAPI, which tells what is wrong with a document.
 *
 * @module
 */

/** Pinned: a new release may have new rules. */
const PARSER = "npm:@asyncapi/parser@3.6.6";

/** What the parser tells of a place in a document. */
interface Diagnostic {
  /** 0 for an error, 1 for a warning, more for advice. */
  readonly severity: number;
  readonly message: string;
  readonly path: readonly (string | number)[];
}

interface Parser {
  parse(text: string): Promise<{ readonly diagnostics: readonly Diagnostic[] }>;
}

/** Finds the errors and warnings of a document. */
export type FindFaults = (document: unknown) => Promise<string[]>;

/**
 * Loads the parser.
 *
 * @returns What finds the faults of a document, a line for each; `undefined`
 * where npm cannot be reached.
 */
export async function loadParser(): Promise<FindFaults | undefined> {
  let Parser: new () => Parser;
  try {
    ({ Parser } = await import(PARSER));
  } catch (error) {
    console.warn(`The parser of AsyncAPI is not there (${error})`);
    return undefined;
  }
  const parser = new Parser();
  return async (document) => {
    const { diagnostics } = await parser.parse(JSON.stringify(document));
    return diagnostics.filter(({ severity }) => severity <= 1)
      .map(({ message, path }) => `${path.join(".")}: ${message}`);
  };
}
