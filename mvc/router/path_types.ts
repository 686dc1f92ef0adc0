/** Everything that ends the name of a path parameter, but for the path's end. */
type Punctuation =
  | ("/" | "." | "-" | ":" | "(" | ")" | "{" | "}" | "?" | "*" | "+" | "\\")
  | ("%" | "&" | "=" | "," | ";" | "@" | "!" | "~" | "'" | "|" | " ");

/**
 * Whether a string type is one text, not a set of them such as `string`.
 *
 * @internal
 */
type IsLiteral<Text extends string> = Record<never, never> extends
  Record<Text, 1> ? false : true;

/**
 * Writes an intersection as one object type.
 *
 * @internal
 */
type Flatten<Value> = { [Key in keyof Value]: Value[Key] };

type Add<Params, Name extends string, Optional extends boolean> =
  & Params
  & (Optional extends true ? { [Key in Name]?: string }
    : { [Key in Name]: string });

/**
 * Splits "name/rest" where the name ends.
 *
 * @internal
 */
export type ReadName<Path extends string, Name extends string = ""> =
  Path extends `${infer Char}${infer Rest}`
    ? Char extends Punctuation ? [Name, Path] : ReadName<Rest, `${Name}${Char}`>
    : [Name, Path];

/**
 * Skips a regular expression, whose opening parenthesis was taken already.
 *
 * @internal
 */
export type SkipRegExp<Path extends string, Depth extends 1[] = []> =
  Path extends `\\${infer _}${infer Rest}` ? SkipRegExp<Rest, Depth>
    : Path extends `(${infer Rest}` ? SkipRegExp<Rest, [...Depth, 1]>
    : Path extends `)${infer Rest}`
      ? Depth extends [1, ...infer Outer extends 1[]] ? SkipRegExp<Rest, Outer>
      : Rest
    : Path extends `${infer _}${infer Rest}` ? SkipRegExp<Rest, Depth>
    : "";

/**
 * Skips the regular expression that may follow a name.
 *
 * @internal
 */
export type SkipOwnRegExp<Path extends string> = Path extends `(${infer Rest}`
  ? SkipRegExp<Rest>
  : Path;

/** Adds a group, optional if a modifier behind it or around it says so. */
type AddGroup<
  Path extends string,
  Name extends string,
  Params,
  Unnamed extends 1[],
  Optional extends boolean,
> = Path extends `${"?" | "*"}${infer Rest}`
  ? Parse<Rest, Add<Params, Name, true>, Unnamed, Optional>
  : Path extends `+${infer Rest}`
    ? Parse<Rest, Add<Params, Name, Optional>, Unnamed, Optional>
  : Parse<Path, Add<Params, Name, Optional>, Unnamed, Optional>;

/**
 * Whether the braces that were opened close with "}?" or "}*".
 *
 * @internal
 */
export type BracesOptional<Path extends string> = Path extends
  `${string}}${infer Rest}`
  ? Rest extends `${"?" | "*"}${string}` ? true : false
  : false;

/**
 * Walks over a pattern, one group or one character at a time.
 *
 * @internal
 */
type Parse<
  Path extends string,
  Params = unknown,
  Unnamed extends 1[] = [],
  Optional extends boolean = false,
> = Path extends `\\${infer _}${infer Rest}`
  ? Parse<Rest, Params, Unnamed, Optional>
  : Path extends `:${infer Rest}`
    ? ReadName<Rest> extends
      [infer Name extends string, infer After extends string]
      ? AddGroup<SkipOwnRegExp<After>, Name, Params, Unnamed, Optional>
    : never
  : Path extends `(${infer Rest}` ? AddGroup<
      SkipRegExp<Rest>,
      `${Unnamed["length"]}`,
      Params,
      [...Unnamed, 1],
      Optional
    >
  : Path extends `*${infer Rest}` ? AddGroup<
      Rest,
      `${Unnamed["length"]}`,
      Params,
      [...Unnamed, 1],
      Optional
    >
  : Path extends `{${infer Rest}`
    ? Parse<Rest, Params, Unnamed, BracesOptional<Rest>>
  : Path extends `}${infer Rest}`
    ? Rest extends `${"?" | "*" | "+"}${infer After}`
      ? Parse<After, Params, Unnamed>
    : Parse<Rest, Params, Unnamed>
  : Path extends `${infer _}${infer Rest}`
    ? Parse<Rest, Params, Unnamed, Optional>
  : Params;

/**
 * The parameters that a path pattern fills: for `"/users/:id/:tab?"` it is
 * `{ id: string; tab?: string }`. Wildcards and groups without a name have
 * numbers: for `"/files/*"` it is `{ 0: string }`, spelled `params[0]`.
 *
 * @typeParam Path The pattern. If it is not one literal, any name is a string.
 */
export type PathParams<Path extends string> = IsLiteral<Path> extends true
  ? Flatten<Parse<Path>>
  : Record<string, string>;
