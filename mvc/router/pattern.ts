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

import { normalizePath } from "../http/path.ts";
import {
  capture,
  compileFragment,
  type Fragment,
  matchAll,
  matchText,
  type Quantifier,
  readRegExp,
  repeat,
} from "./matcher.ts";

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
 *
 * @category Routing
 */
export type PathParams<Path extends string> = IsLiteral<Path> extends true ? (
    & { [Name in NameOf<ParamsIn<Path>[number], false>]: string }
    & { [Name in NameOf<ParamsIn<Path>[number], true>]?: string }
    // One object type instead of the two, which errors would show.
  ) extends infer Both ? { [Name in keyof Both]: Both[Name] } : never
  : Record<string, string>;

/** A part of a path pattern. */
interface PatternPart {
  readonly kind: "text" | "name" | "regexp" | "wildcard" | "open" | "close";
  /** The text, without escapes, or the name of the group. */
  value: string;
  /** The regular expression of the group, if it has one. */
  readonly source: string | undefined;
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

  function add(
    kind: PatternPart["kind"],
    value: string,
    end: number,
    source?: string,
  ): void {
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
    parts.push({ kind, value, source, modifier, isOptional });
  }

  function addRegExp(name: string, start: number): void {
    const end = skipRegExp(pattern, start);
    add("regexp", name, end, pattern.slice(start + 1, end - 1));
  }

  while (at < pattern.length) {
    const char = pattern.charAt(at);
    if (char === "\\") {
      add("text", pattern.charAt(at + 1), at + 2);
    } else if (char === ":") {
      const [name = ""] = NAME.exec(pattern.slice(at + 1)) ?? [];
      const end = at + 1 + name.length;
      if (pattern[end] === "(") addRegExp(name, end);
      else add("name", name, end);
    } else if (char === "(") {
      addRegExp(String(unnamed++), at);
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
  const params: PatternParam[] = describeParams(pattern)
    .map(({ name, isOptional }) => ({ name, isOptional }));
  // The compiler has read the same grammar.
  return params as ParamsIn<Path>;
}

/**
 * Lists the parameters of a path pattern with their regular expressions.
 */
export function describeParams(
  pattern: string,
): (PatternParam & { readonly source: string | undefined })[] {
  return parsePattern(pattern)
    .filter(({ kind }) => /name|regexp|wildcard/.test(kind))
    .map(({ value: name, isOptional, source }) => ({
      name,
      isOptional,
      source,
    }));
}

/**
 * Writes a path pattern as a URI template: `/users/{id}`.
 *
 * @param rename Gives the name that a parameter has in the template.
 */
export function toTemplate(
  pattern: string,
  rename: (name: string) => string,
): string {
  return parsePattern(pattern)
    .map(({ kind, value }) =>
      /name|regexp|wildcard/.test(kind)
        ? `{${rename(value)}}`
        : encodeText(value)
    )
    .join("");
}

/** Percent-encodes text of a path in which some may be encoded already. */
function encodeText(text: string): string {
  return encodeURI(text.toWellFormed()).replaceAll("%25", "%")
    .replaceAll(/[?#]/g, encodeURIComponent);
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
 * path, in time that is linear in the path. Most patterns become a regular
 * expression with one way to match a path; it takes a tenth of what the machine
 * in `matcher.ts` takes, to which the others go.
 *
 * @throws {TypeError} If `URLPattern` does not take it, or it has a regular
 * expression that cannot be matched in linear time.
 */
export function compilePattern(pattern: string): PathMatcher {
  const parts = parsePattern(parseUrlPattern(pattern));
  for (const part of parts) {
    if (part.kind === "text") part.value = normalizePath(part.value);
  }
  return compileSegments(parts) ?? compileParts(parts);
}

/** Patterns that `URLPattern` gives back as they are. */
const SIMPLE =
  /^(?:\/|[\w.~!$&',;=@-]|%[\dA-F]{2}|:[A-Za-z_]\w*(?:\([\w\\|[\]{},.^*+-]+\))?[?+*]?|\*)+$/;

/** Returns the pattern with its text percent-encoded. */
function parseUrlPattern(pattern: string): string {
  if (globalThis.URLPattern === undefined) return assertSimple(pattern);
  try {
    return new URLPattern({ pathname: pattern }).pathname;
  } catch (cause) {
    throw new TypeError("the path must be a pattern that URLPattern accepts", {
      cause,
    });
  }
}

/** Checks a pattern on a platform without URLPattern: Node before version 24. */
function assertSimple(pattern: string): string {
  const names = pattern.match(/:\w+/g) ?? [];
  if (SIMPLE.test(pattern) && new Set(names).size === names.length) {
    return pattern;
  }
  throw new TypeError(
    "without URLPattern, which this platform lacks, the path may have no other patterns than :name, :name(expression) and *, and no characters to encode; Node has it since version 24, and the package urlpattern-polyfill",
  );
}

/** Compiles a pattern whose groups are whole segments, at most one optional. */
function compileSegments(
  parts: readonly PatternPart[],
): PathMatcher | undefined {
  const names: string[] = [];
  let optional = 0;
  let source = "";
  for (const [i, { kind, value, modifier }] of parts.entries()) {
    const isLast = i === parts.length - 1;
    const isSegment = parts[i - 1]?.kind === "text" &&
      (modifier === "" || modifier === "?" && optional++ === 0);
    if (kind === "text") {
      if (i > 0 && !value.startsWith("/")) return undefined;
      if (!isLast && !value.endsWith("/")) return undefined;
      // The slash before a group belongs to the group's segment.
      const text = isLast ? value : value.slice(0, -1);
      source += text.replace(/[^\w]/g, "\\$&");
    } else if (kind === "name" && isSegment) {
      source += modifier === "?" ? "(?:/([^/]+))?" : "/([^/]+)";
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

const QUANTIFIERS: Readonly<Record<string, Quantifier>> = {
  "?": { min: 0, max: 1, isGreedy: true },
  "*": { min: 0, max: Infinity, isGreedy: true },
  "+": { min: 1, max: Infinity, isGreedy: true },
};

/** Compiles a pattern of any kind. */
function compileParts(parts: readonly PatternPart[]): PathMatcher {
  const names: string[] = [];
  const fragments: Fragment[] = [];
  const last = parts.at(-1);
  // The wildcard at the end also matches without the slash before it.
  const isRest = last?.kind === "wildcard" && last.modifier === "" &&
    parts.at(-2)?.kind === "text" && parts.at(-2)!.value.endsWith("/");
  let prefix = "";

  function addText(): void {
    fragments.push(matchText(prefix));
    prefix = "";
  }

  /** Adds a group with the texts that are repeated with it. */
  function addGroup(group: PatternPart, modifier: string, suffix = ""): void {
    const before = matchText(prefix);
    const after = matchText(suffix);
    prefix = "";
    const value = readGroup(group);
    const slot = names.push(group.value) - 1;
    const all = modifier === "*" || modifier === "+"
      ? matchAll([
        value,
        repeat(matchAll([after, before, value]), QUANTIFIERS["*"]!),
      ])
      : value;
    const whole = matchAll([before, capture(all, slot), after]);
    fragments.push(
      modifier === "?" || modifier === "*"
        ? repeat(whole, QUANTIFIERS["?"]!)
        : whole,
    );
  }

  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (part.kind === "text") {
      prefix = part.value;
    } else if (part.kind !== "open") {
      // As for URLPattern, a slash before a group belongs to the group.
      const slash = prefix.endsWith("/") ? "/" : "";
      prefix = prefix.slice(0, prefix.length - slash.length);
      addText();
      prefix = slash;
      addGroup(part, isRest && part === last ? "?" : part.modifier);
    } else {
      addText();
      const end = parts.findIndex(({ kind }, at) => at > i && kind === "close");
      const inner = parts.slice(i + 1, end);
      const { modifier } = parts[end]!;
      const at = inner.findIndex(({ kind }) => kind !== "text");
      if (at > 0) prefix = inner[0]!.value;
      if (at < 0) {
        const text = matchText(inner[0]?.value ?? "");
        const quantifier = QUANTIFIERS[modifier];
        fragments.push(quantifier ? repeat(text, quantifier) : text);
      } else addGroup(inner[at]!, modifier, inner[at + 1]?.value);
      i = end;
    }
  }
  addText();
  if (!isRest) fragments.push(repeat(matchText("/"), QUANTIFIERS["?"]!));
  const match = compileFragment(matchAll(fragments), names.length);
  // Up to the slash before the first group: that slash may belong to the group.
  const literal = parts[0]?.kind === "text" ? parts[0].value : "";
  const start = literal.slice(0, Math.max(0, literal.lastIndexOf("/")));
  return (path) => {
    const found = path.startsWith(start) ? match(path) : undefined;
    if (found === undefined) return undefined;
    const groups: PathGroups = {};
    for (let i = 0; i < names.length; i++) groups[names[i]!] = found[i];
    if (isRest) groups[last.value] ??= "";
    return groups;
  };
}

function readGroup({ kind, source }: PatternPart): Fragment {
  if (kind === "name") return readRegExp("[^/]+?");
  return readRegExp(kind === "wildcard" ? ".*" : source ?? "");
}

/** Decodes the groups that a path filled, and drops those that it left out. */
export function decodeGroups(groups: PathGroups): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(groups)) {
    if (value !== undefined) params[name] = decodeURIComponent(value);
  }
  return params;
}
