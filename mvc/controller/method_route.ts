/**
 * The route of a controller's method: read from its name and from `static
 * routes`.
 *
 * @module
 */

import { beginsWith, isSchema } from "../../neffos/internal.ts";
import type { StandardSchemaV1 } from "../../neffos/mod.ts";
import { assertLimits, type InputLimits, LIMITS } from "../http/body.ts";
import { joinPath } from "../http/path.ts";
import type { Middleware } from "../router/handlers.ts";
import { listParams } from "../router/pattern.ts";
import type { RouteOptions } from "./http_controller.ts";

/** The arguments of a method besides the path parameters. */
export interface RouteInput extends InputLimits {
  readonly body?: StandardSchemaV1 | undefined;
  readonly query?: StandardSchemaV1 | undefined;
}

/** A route that calls a method of a controller. */
export interface MethodRoute {
  readonly methodName: string;
  readonly method: string;
  /** The path, relative to the party. */
  readonly path: string;
  /** The names of the parameters in `path`. */
  readonly params: readonly string[];
  readonly input: RouteInput;
  readonly use: readonly Middleware[];
}

const NAME =
  /^([gG]et|[pP]ost|[pP]ut|[pP]atch|[dD]elete|[hH]ead|[oO]ptions|[aA]ny)((?:\p{Lu}[\p{L}\p{N}_$]*)?)$/u;

/** A capitalised word, or capitals in a row without the next word's first. */
const WORD = /\p{Lu}+(?![^\p{Lu}])|\p{Lu}[^\p{Lu}]*/gu;

/**
 * Reads the route that the name of a method stands for.
 *
 * It begins with an HTTP method; each capitalised word after it is a segment of
 * the path, and `By` is a path parameter: `getUserBy` is GET "/user/:param1".
 *
 * @param taken The parameters in the path of the party, since a pattern cannot
 * have a name twice.
 * @returns `undefined` for a name that is not a route, such as `getter`.
 */
export function readMethodName(
  name: string,
  taken: readonly string[],
): { readonly method: string; readonly path: string } | undefined {
  const found = NAME.exec(name);
  if (found === null) return undefined;
  let count = 0;
  const segments = (found[2]!.match(WORD) ?? []).map((word) => {
    if (word !== "By") return word.toLowerCase();
    do count++; while (taken.includes(`param${count}`));
    return `:param${count}`;
  });
  return { method: found[1]!.toUpperCase(), path: `/${segments.join("/")}` };
}

/** Tells whether the name of a method stands for a route. */
export function isRouteName(name: string): boolean {
  return NAME.test(name);
}

/** Lists the parameters of a path, without those in the path of the party. */
export function listOwnParams(party: string, path: string): string[] {
  return listParams(joinPath(party, path))
    .slice(listParams(party).length)
    .map(({ name }) => name);
}

const KEYS: ReadonlySet<string> = new Set(
  [
    "method",
    "path",
    "body",
    "query",
    "use",
    ...LIMITS,
  ] satisfies (keyof RouteOptions)[],
);

/**
 * Reads the route of a method, from its name and its entry in `static routes`.
 *
 * @returns `undefined` if the method has none.
 * @throws {TypeError} If its entry in `static routes` is not a route.
 * @throws {RangeError} If one of its limits is not valid.
 */
export function readMethodRoute(
  methodName: string,
  { controller, party, entry }: {
    readonly controller: string;
    readonly party: string;
    readonly entry: unknown;
  },
): MethodRoute | undefined {
  if (entry === false) return undefined;
  const taken = listParams(party).map(({ name }) => name);
  const named = readMethodName(methodName, taken);
  if (entry === undefined && named === undefined) return undefined;
  const where = `${controller}.${methodName}`;
  assertNoEvent(where, methodName);
  const options = readEntry(where, entry);
  const { method = named?.method, path = named?.path } = options;
  if (method === undefined) {
    fail(
      where,
      `its name does not begin with an HTTP method, so "static routes" must have one, for instance "GET ${
        path ?? "/path"
      }"`,
    );
  }
  if (path === undefined) {
    fail(
      where,
      `its name has no path, so "static routes" must have one, for instance "${method} /path"`,
    );
  }
  const { method: _method, path: _path, use = [], ...input } = options;
  const params = listOwnParams(party, path);
  return { methodName, method, path, params, input, use };
}

/**
 * Checks that a method is not an event, which has other arguments.
 *
 * @throws {TypeError} If it is one.
 */
export function assertNoEvent(where: string, methodName: string): void {
  if (!beginsWith(methodName, "on")) return;
  fail(
    where,
    "methods on… are events of a websocket, so it must have another name",
  );
}

function readEntry(where: string, entry: unknown): RouteOptions {
  if (typeof entry === "string") {
    const [, method, path] = /^(?:(\S+)\s+)?([/*].*)$/s.exec(entry) ?? [];
    if (path !== undefined) return { method, path };
    fail(
      where,
      `"${entry}" must be a path, or a method and a path, for instance "GET /path"`,
    );
  }
  if (entry === undefined) return {};
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    fail(
      where,
      `its entry in "static routes" must be a string, an object or false, not ${
        Array.isArray(entry) ? "an array" : String(entry)
      }`,
    );
  }
  return readOptions(where, entry);
}

function readOptions(where: string, entry: object): RouteOptions {
  for (const key of Object.keys(entry)) {
    // A guard under a misspelled key would silently guard nothing.
    if (!KEYS.has(key)) {
      fail(
        where,
        `"${key}" is not an option of a route; the options are ${
          [...KEYS].join(", ")
        }`,
      );
    }
  }
  const options: RouteOptions = entry;
  for (const key of ["method", "path"] as const) {
    const value: unknown = options[key];
    if (value !== undefined && typeof value !== "string") {
      fail(where, `its "${key}" must be a string, not ${typeof value}`);
    }
  }
  for (const key of ["body", "query"] as const) {
    if (options[key] !== undefined && !isSchema(options[key])) {
      fail(
        where,
        `its "${key}" must be a validator of the Standard Schema specification`,
      );
    }
  }
  const use: unknown = options.use ?? [];
  if (!Array.isArray(use) || use.some((each) => typeof each !== "function")) {
    fail(where, 'its "use" must be an array of functions');
  }
  assertLimits(options);
  for (const key of LIMITS) {
    if (options[key] === undefined || options.body !== undefined) continue;
    if (key === "maxFields" && options.query !== undefined) continue;
    fail(where, `its "${key}" has no effect without "body"`);
  }
  return options;
}

function fail(where: string, reason: string): never {
  throw new TypeError(`Cannot make a route of ${where}: ${reason}`);
}
