import { BadRequestError } from "../http/http_error.ts";

/** An escaped character, a name, or any one character. */
const TOKEN = /\\.|:([\p{ID_Start}$_][\p{ID_Continue}$]*)|[\s\S]/uy;

/**
 * Lists the parameters of a path pattern in their order, as `URLPattern` names
 * them: those without a name have the number of their place among themselves.
 */
export function paramNamesOf(pattern: string): string[] {
  const names: string[] = [];
  let unnamed = 0;
  let at = 0;
  while (at < pattern.length) {
    TOKEN.lastIndex = at;
    const [token, name] = TOKEN.exec(pattern)!;
    at += token.length;
    if (name !== undefined) {
      names.push(name);
      if (pattern[at] === "(") at = skipRegExp(pattern, at);
      if (isModifier(pattern[at])) at++;
    } else if (token === "(" || token === "*") {
      names.push(String(unnamed++));
      if (token === "(") at = skipRegExp(pattern, at - 1);
      if (isModifier(pattern[at])) at++;
    } else if (token === "}" && isModifier(pattern[at])) {
      at++;
    }
  }
  return names;
}

/** The place behind the parenthesis that closes the one at `start`. */
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

function isModifier(char: string | undefined): boolean {
  return char === "?" || char === "*" || char === "+";
}

/** The groups that a path filled; `undefined` for one it left out. */
export type PathGroups = Record<string, string | undefined>;

/** A path pattern, ready to be compared with the paths of requests. */
export type PathMatcher = (path: string) => PathGroups | undefined;

const SPECIAL = /[:*(){}?\\]/;

const NAME = "[\\p{ID_Start}$_][\\p{ID_Continue}$]*";

const SIMPLE = new RegExp(
  `^(?:/(?:[^:*(){}?+\\\\/]*|:${NAME}\\??))*?(?:/\\*)?$`,
  "u",
);

/** Whether a path says more than one exact path. */
export function isPattern(path: string): boolean {
  return SPECIAL.test(path);
}

/**
 * Compiles a path pattern, as `URLPattern` has it, into a matcher that takes a
 * path with or without a slash at its end for the same.
 *
 * A call to `URLPattern` costs 2 to 4 µs. So it reads and checks every pattern,
 * but matches only those with groups in braces or parentheses; for names and a
 * wildcard at the end a regular expression says the same in a twentieth of it.
 */
export function compilePattern(pattern: string): PathMatcher {
  const { pathname } = new URLPattern({ pathname: pattern });
  return SIMPLE.test(pathname)
    ? compileSimple(pathname)
    : compileAny(pattern, pathname);
}

function compileSimple(pathname: string): PathMatcher {
  const names: string[] = [];
  const rest = pathname.endsWith("/*");
  let source = "";
  for (const segment of pathname.split("/").slice(1, rest ? -1 : undefined)) {
    if (!segment.startsWith(":")) {
      source += `/${segment.replace(/[^\w]/g, "\\$&")}`;
    } else if (segment.endsWith("?")) {
      names.push(segment.slice(1, -1));
      source += "(?:/([^/]+?))?";
    } else {
      names.push(segment.slice(1));
      source += "/([^/]+?)";
    }
  }
  const expression = new RegExp(`^${source}${rest ? "(?:/(.*))?" : "/?"}$`);
  return (path) => {
    const found = expression.exec(path);
    if (found === null) return undefined;
    const groups: PathGroups = {};
    for (let i = 0; i < names.length; i++) groups[names[i]!] = found[i + 1];
    if (rest) groups[0] = found[names.length + 1] ?? "";
    return groups;
  };
}

function compileAny(pattern: string, pathname: string): PathMatcher {
  const rest = pattern.endsWith("/*");
  const compiled = new URLPattern({
    pathname: rest ? pattern : `${pattern}{/}?`,
  });
  // Up to the slash before the first group: that slash may belong to the group.
  const literal = pathname.slice(0, pathname.search(SPECIAL));
  const prefix = literal.slice(0, Math.max(0, literal.lastIndexOf("/")));
  return (path) => {
    if (!path.startsWith(prefix)) return undefined;
    const found = compiled.exec({ pathname: path }) ??
      (rest ? compiled.exec({ pathname: `${path}/` }) : null);
    return found?.pathname.groups;
  };
}

/** Decodes what a path filled in; what it left out is left out here too. */
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
