import { isSchema } from "../../neffos/internal.ts";
import { assertMaxBody } from "../http/body.ts";
import type { Middleware } from "../router/handlers.ts";
import type { RouteOptions } from "./http_controller.ts";

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

/** What a method is given besides the parameters of its path. */
export type Input = Pick<RouteOptions, "body" | "query" | "maxBody">;

/** The one route that a method has by its name and by `static routes`. */
export interface Entry {
  readonly methodName: string;
  readonly method: string;
  /** The path behind that of the party. */
  readonly path: string;
  readonly input: Input;
  readonly use: readonly Middleware[];
}

/** What {@linkcode readEntry} needs to know about its controller. */
export interface EntryOptions {
  /** What the controller is called. */
  readonly name: string;
  /** The parameters in the path of the party. */
  readonly taken: readonly string[];
  /** What `static routes` says of the method. */
  readonly entry: unknown;
}

const KEYS: ReadonlySet<string> = new Set(
  [
    "method",
    "path",
    "body",
    "query",
    "maxBody",
    "use",
  ] satisfies (keyof RouteOptions)[],
);

/**
 * Finds the route of a method.
 *
 * @returns `undefined` if it has none.
 * @throws {TypeError} If what `static routes` says of it makes no route.
 * @throws {RangeError} If its `maxBody` is no number of bytes.
 */
export function readEntry(
  methodName: string,
  { name, taken, entry }: EntryOptions,
): Entry | undefined {
  if (entry === false) return undefined;
  const named = readMethodName(methodName);
  if (entry === undefined && named === undefined) return undefined;
  const where = `${name}.${methodName}`;
  assertNoEvent(where, methodName);
  const options = readOptions(where, entry);
  const method = options.method ?? named?.method;
  const path = options.path ?? (named && pathOfWords(named.words, taken));
  if (method === undefined) {
    throw fail(
      where,
      `its name begins with no HTTP method, so "static routes" should say one, for instance "GET ${
        path ?? "/path"
      }"`,
    );
  }
  if (path === undefined) {
    throw fail(
      where,
      `its name says no path, so "static routes" should say one, for instance "${method} /path"`,
    );
  }
  const { body, query, maxBody, use = [] } = options;
  return { methodName, method, path, input: { body, query, maxBody }, use };
}

/**
 * Refuses a method that is an event: it is called with other arguments.
 *
 * @throws {TypeError} If it is one.
 */
export function assertNoEvent(where: string, methodName: string): void {
  if (!/^[oO]n\p{Lu}/u.test(methodName)) return;
  throw fail(
    where,
    "methods on… are events of a websocket, name it otherwise",
  );
}

function readOptions(where: string, entry: unknown): RouteOptions {
  if (typeof entry === "string") {
    const [, method, path] = /^(?:(\S+)\s+)?([/*].*)$/s.exec(entry) ?? [];
    if (path !== undefined) return { method, path };
    throw fail(
      where,
      `"${entry}" should be a path, or a method and a path, for instance "GET /path"`,
    );
  }
  if (entry === undefined) return {};
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    throw fail(
      where,
      `its entry in "static routes" should be a string, an object or false, not ${
        Array.isArray(entry) ? "an array" : String(entry)
      }`,
    );
  }
  return readObject(where, entry);
}

function readObject(where: string, entry: object): RouteOptions {
  for (const key of Object.keys(entry)) {
    // A guard under a misspelled key would silently guard nothing.
    if (!KEYS.has(key)) {
      throw fail(
        where,
        `"${key}" is no option of a route, those are ${[...KEYS].join(", ")}`,
      );
    }
  }
  const options: RouteOptions = entry;
  for (const key of ["method", "path"] as const) {
    const value: unknown = options[key];
    if (value !== undefined && typeof value !== "string") {
      throw fail(where, `its "${key}" should be a string, not ${typeof value}`);
    }
  }
  for (const key of ["body", "query"] as const) {
    if (options[key] !== undefined && !isSchema(options[key])) {
      throw fail(
        where,
        `its "${key}" should be a validator of the Standard Schema specification`,
      );
    }
  }
  const use: unknown = options.use ?? [];
  if (!Array.isArray(use) || use.some((each) => typeof each !== "function")) {
    throw fail(where, 'its "use" should be an array of functions');
  }
  if (options.maxBody !== undefined) {
    assertMaxBody(options.maxBody);
    if (options.body === undefined) {
      throw fail(where, 'its "maxBody" has no effect without "body"');
    }
  }
  return options;
}

function fail(where: string, why: string): TypeError {
  return new TypeError(`Cannot make a route of ${where}: ${why}`);
}
