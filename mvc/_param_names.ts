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
