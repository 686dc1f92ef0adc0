/**
 * Path patterns, as `URLPattern` reads them:
 *
 * ```text
 * pattern  = { escape | group | braces | char }
 * escape   = "\" char
 * group    = ( ":" name [ regexp ] | regexp | "*" ) [ modifier ]
 * regexp   = "(" … ")"
 * braces   = "{" pattern "}" [ modifier ]
 * modifier = "?" | "*" | "+"
 * ```
 *
 * A group without a name is called by its number among those. A group is
 * optional if `?` or `*` follows it, or follows the braces around it.
 *
 * The grammar is written down twice, for the compiler ({@linkcode ParamsIn}) and
 * for run time ({@linkcode parsePattern}): the same cases in the same order. A
 * test holds both, and `URLPattern`, to one list of patterns.
 *
 * @module
 */

import { BadRequestError } from "../http/http_error.ts";

/** A parameter of a path pattern. */
export interface PatternParam<
  Name extends string = string,
  IsOptional extends boolean = boolean,
> {
  readonly name: Name;
  readonly isOptional: IsOptional;
}

/**
 * Every ASCII character that ends the name of a parameter. The compiler does
 * not know the others, such as a dash.
 *
 * @internal
 */
type Punctuation =
  | ("/" | "." | "-" | ":" | "(" | ")" | "{" | "}" | "?" | "*" | "+" | "\\")
  | ("%" | "&" | "=" | "," | ";" | "@" | "!" | "~" | "'" | "|" | " ")
  | ('"' | "#" | "<" | ">" | "[" | "]" | "^" | "`");

/**
 * Tells whether a string type is one text, not a set of them such as `string`.
 *
 * @internal
 */
export type IsLiteral<Text extends string> = Record<never, never> extends
  Record<Text, 1> ? false : true;

/** Splits "name/rest" where the name ends. */
type ReadName<Path extends string, Name extends string = ""> = Path extends
  `${infer Char}${infer Rest}`
  ? Char extends Punctuation ? [Name, Path] : ReadName<Rest, `${Name}${Char}`>
  : [Name, Path];

/** Skips a regular expression, whose opening parenthesis is taken already. */
type SkipRegExp<Path extends string, Depth extends 1[] = []> = Path extends
  `\\${infer _}${infer Rest}` ? SkipRegExp<Rest, Depth>
  : Path extends `(${infer Rest}` ? SkipRegExp<Rest, [...Depth, 1]>
  : Path extends `)${infer Rest}`
    ? Depth extends [1, ...infer Outer extends 1[]] ? SkipRegExp<Rest, Outer>
    : Rest
  : Path extends `${infer _}${infer Rest}` ? SkipRegExp<Rest, Depth>
  : "";

type MakeOptional<Params extends readonly PatternParam[]> = {
  [I in keyof Params]: PatternParam<Params[I]["name"], true>;
};

/** Adds a group and skips its modifier. */
type AddGroup<
  Path extends string,
  Name extends string,
  Found extends readonly PatternParam[],
  Open extends readonly PatternParam[],
  Unnamed extends 1[],
> = Path extends `${"?" | "*"}${infer Rest}`
  ? Parse<Rest, Found, [...Open, PatternParam<Name, true>], Unnamed>
  : Path extends `+${infer Rest}`
    ? Parse<Rest, Found, [...Open, PatternParam<Name, false>], Unnamed>
  : Parse<Path, Found, [...Open, PatternParam<Name, false>], Unnamed>;

/** Reads a pattern; `Open` holds the parameters since the last brace. */
type Parse<
  Path extends string,
  Found extends readonly PatternParam[] = [],
  Open extends readonly PatternParam[] = [],
  Unnamed extends 1[] = [],
> = Path extends `\\${infer _}${infer Rest}` ? Parse<Rest, Found, Open, Unnamed>
  : Path extends `:${infer Rest}`
    ? ReadName<Rest> extends
      [infer Name extends string, infer After extends string]
      ? After extends `(${infer Rest}`
        ? AddGroup<SkipRegExp<Rest>, Name, Found, Open, Unnamed>
      : AddGroup<After, Name, Found, Open, Unnamed>
    : never
  : Path extends `(${infer Rest}` ? AddGroup<
      SkipRegExp<Rest>,
      `${Unnamed["length"]}`,
      Found,
      Open,
      [...Unnamed, 1]
    >
  : Path extends `*${infer Rest}`
    ? AddGroup<Rest, `${Unnamed["length"]}`, Found, Open, [...Unnamed, 1]>
  : Path extends `{${infer Rest}`
    ? Parse<Rest, [...Found, ...Open], [], Unnamed>
  : Path extends `}${"?" | "*"}${infer Rest}`
    ? Parse<Rest, [...Found, ...MakeOptional<Open>], [], Unnamed>
  : Path extends `}+${infer Rest}`
    ? Parse<Rest, [...Found, ...Open], [], Unnamed>
  : Path extends `${infer _}${infer Rest}` ? Parse<Rest, Found, Open, Unnamed>
  : [...Found, ...Open];

/**
 * The parameters of a path pattern, as a tuple in their order.
 *
 * @internal
 */
export type ParamsIn<Path extends string> = IsLiteral<Path> extends true
  ? Parse<Path>
  : PatternParam[];

/**
 * Writes an intersection as one object type.
 *
 * @internal
 */
type Flatten<Value> = { [Key in keyof Value]: Value[Key] };

/**
 * The names of the parameters that are optional, or of those that are not.
 *
 * @internal
 */
type NameOf<Params extends PatternParam, IsOptional extends boolean> = Extract<
  Params,
  { readonly isOptional: IsOptional }
>["name"];

/**
 * The parameters that a path pattern fills: for `"/users/:id/:tab?"` it is
 * `{ id: string; tab?: string }`. Wildcards and groups without a name have
 * numbers: for `"/files/*"` it is `{ 0: string }`, read as `params[0]`.
 *
 * @typeParam Path The pattern. If it is not one literal, any name is a string.
 */
export type PathParams<Path extends string> = IsLiteral<Path> extends true
  ? Flatten<
    & { [Name in NameOf<ParamsIn<Path>[number], false>]: string }
    & { [Name in NameOf<ParamsIn<Path>[number], true>]?: string }
  >
  : Record<string, string>;

/** A part of a path pattern. */
interface PatternPart {
  readonly kind: "text" | "name" | "regexp" | "wildcard" | "open" | "close";
  /** The text, without escapes, or the name of the group. */
  value: string;
  readonly modifier: string;
  isOptional: boolean;
}

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u;

/** Reads a pattern that `URLPattern` accepts; of any other it reads something. */
function parsePattern(pattern: string): PatternPart[] {
  const parts: PatternPart[] = [];
  let unnamed = 0;
  let open = 0;
  let at = 0;

  function add(kind: PatternPart["kind"], value: string, end: number): void {
    at = end;
    const last = parts.at(-1);
    if (kind === "text" && last?.kind === "text") {
      last.value += value;
      return;
    }
    let modifier = "";
    if (
      kind !== "text" && kind !== "open" && /[?*+]/.test(pattern.charAt(at))
    ) {
      modifier = pattern.charAt(at++);
    }
    const isOptional = modifier === "?" || modifier === "*";
    parts.push({ kind, value, modifier, isOptional });
  }

  while (at < pattern.length) {
    const char = pattern.charAt(at);
    if (char === "\\") {
      add("text", pattern.charAt(at + 1), at + 2);
    } else if (char === ":") {
      const [name = ""] = NAME.exec(pattern.slice(at + 1)) ?? [];
      const end = at + 1 + name.length;
      if (pattern[end] === "(") add("regexp", name, skipRegExp(pattern, end));
      else add("name", name, end);
    } else if (char === "(") {
      add("regexp", String(unnamed++), skipRegExp(pattern, at));
    } else if (char === "*") {
      add("wildcard", String(unnamed++), at + 1);
    } else if (char === "{") {
      open = parts.length;
      add("open", "", at + 1);
    } else if (char === "}") {
      add("close", "", at + 1);
      if (!parts.at(-1)!.isOptional) continue;
      for (const part of parts.slice(open)) part.isOptional = true;
    } else {
      add("text", char, at + 1);
    }
  }
  return parts;
}

/** Finds the end of the parentheses that open at `start`. */
function skipRegExp(pattern: string, start: number): number {
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "\\") at++;
    else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return at + 1;
  }
  return pattern.length;
}

/** Lists the parameters of a path pattern, in their order. */
export function listParams<const Path extends string>(
  pattern: Path,
): ParamsIn<Path> {
  const params: PatternParam[] = parsePattern(pattern)
    .filter(({ kind }) => /name|regexp|wildcard/.test(kind))
    .map(({ value, isOptional }) => ({ name: value, isOptional }));
  // The compiler has read the same grammar.
  return params as ParamsIn<Path>;
}

/** The groups that a path filled; `undefined` for one that it left out. */
export type PathGroups = Record<string, string | undefined>;

/** Matches a path against a pattern. */
export type PathMatcher = (path: string) => PathGroups | undefined;

const SPECIAL = /[:*(){}?\\]/;

/** Tells a pattern from an exact path. */
export function isPattern(path: string): boolean {
  return SPECIAL.test(path);
}

/**
 * Compares paths for a sort: the more specific one comes first, segment by
 * segment. `/users/:id` comes before `/:kind/:id`, and `/:id(\\d+)` before
 * `/:name`.
 */
export function comparePatterns(a: string, b: string): number {
  const ranks = b.split("/").map(rankSegment);
  return a.split("/").slice(0, ranks.length)
    .map((segment, i) => rankSegment(segment) - ranks[i]!)
    .find((difference) => difference !== 0) ?? 0;
}

function rankSegment(segment: string): number {
  if (!isPattern(segment)) return 0;
  if (segment.endsWith("*")) return 4;
  if (/[+?}]$/.test(segment)) return 3;
  return segment.includes("(") ? 1 : 2;
}

/**
 * Compiles a path pattern into a matcher that ignores a slash at the end of a
 * path.
 *
 * A call to `URLPattern` takes 2 to 4 µs. So it checks every pattern, but
 * matches only those with braces, regular expressions or partial segments; for
 * the others a regular expression takes a twentieth of that.
 *
 * @throws {TypeError} If `URLPattern` does not take it.
 */
export function compilePattern(pattern: string): PathMatcher {
  const { pathname } = new URLPattern({ pathname: pattern });
  const parts = parsePattern(pathname);
  return compileSegments(parts) ?? compileAny(pattern, parts);
}

/** Compiles a pattern whose groups are whole segments. */
function compileSegments(
  parts: readonly PatternPart[],
): PathMatcher | undefined {
  const names: string[] = [];
  let source = "";
  for (const [i, { kind, value, modifier }] of parts.entries()) {
    const isLast = i === parts.length - 1;
    const isSegment = parts[i - 1]?.kind === "text" &&
      (modifier === "" || modifier === "?");
    if (kind === "text") {
      if (i > 0 && !value.startsWith("/")) return undefined;
      if (!isLast && !value.endsWith("/")) return undefined;
      // The slash before a group belongs to the group's segment.
      const text = isLast ? value : value.slice(0, -1);
      source += text.replace(/[^\w]/g, "\\$&");
    } else if (kind === "name" && isSegment) {
      source += modifier === "?" ? "(?:/([^/]+?))?" : "/([^/]+?)";
      names.push(value);
    } else if (kind === "wildcard" && isSegment && isLast && modifier === "") {
      source += "(?:/(.*))?";
    } else return undefined;
  }
  const rest = parts.at(-1)?.kind === "wildcard" ? "0" : undefined;
  const expression = new RegExp(`^${source}${rest ? "" : "/?"}$`);
  return (path) => {
    const found = expression.exec(path);
    if (found === null) return undefined;
    const groups: PathGroups = {};
    for (let i = 0; i < names.length; i++) groups[names[i]!] = found[i + 1];
    if (rest) groups[rest] = found[names.length + 1] ?? "";
    return groups;
  };
}

function compileAny(
  pattern: string,
  [first]: readonly PatternPart[],
): PathMatcher {
  const rest = pattern.endsWith("/*");
  const compiled = new URLPattern({
    pathname: rest ? pattern : `${pattern}{/}?`,
  });
  // Up to the slash before the first group: that slash may belong to the group.
  const literal = first?.kind === "text" ? first.value : "";
  const prefix = literal.slice(0, Math.max(0, literal.lastIndexOf("/")));
  return (path) => {
    if (!path.startsWith(prefix)) return undefined;
    const found = compiled.exec({ pathname: path }) ??
      (rest ? compiled.exec({ pathname: `${path}/` }) : null);
    return found?.pathname.groups;
  };
}

/**
 * Decodes the groups that a path filled, and drops those that it left out.
 *
 * @throws {BadRequestError} If one of them is not percent-encoded UTF-8.
 */
export function decodeGroups(groups: PathGroups): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(groups)) {
    if (value !== undefined) params[name] = decode(name, value);
  }
  return params;
}

function decode(name: string, value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new BadRequestError(
      `Cannot decode path parameter "${name}": "${value}" is not percent-encoded UTF-8`,
      { cause },
    );
  }
}
