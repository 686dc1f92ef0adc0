/**
 * The checks of HTTP controllers at compile time, whose failures name the
 * method.
 *
 * @module
 */

import type { StandardSchemaV1 } from "../../neffos/mod.ts";
import type { IsLiteral, ParamsIn, PatternParam } from "../router/pattern.ts";

/** The verbs that the name of a method may begin with. */
type Verb =
  | ("get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "any")
  | ("Get" | "Post" | "Put" | "Patch" | "Delete" | "Head" | "Options" | "Any");

/**
 * Compile error: a method of a controller does not take what its route gives.
 *
 * @typeParam Place The method and the argument: `getBy(:param1)`,
 * `postLogin(body)`.
 * @typeParam Given The type that the route gives there.
 * @typeParam Taken The type that the method takes there.
 */
export interface ArgumentMismatch<Place extends string, Given, Taken> {
  /** Never there: it is the text of the error. */
  readonly "the method takes something else": [Place, Given, Taken];
}

/**
 * Compile error: `static routes` has a key that is no public method.
 *
 * @typeParam Name The key.
 */
export interface NoSuchMethod<Name> {
  /** Never there: it is the text of the error. */
  readonly "static routes names no method of the class": Name;
}

/**
 * One argument that a route gives: where it comes from and its type.
 *
 * @internal
 */
export type Given = readonly [place: string, type: unknown];

/** What follows a capital: the end, or a character that begins a word. */
type BeginsWord<Text extends string> = Text extends `${infer Char}${string}`
  ? Char extends Lowercase<Char> ? false : true
  : true;

/**
 * The rest of a method's name behind its verb, `never` if it is no route.
 *
 * @internal
 */
export type WordsOf<Name> = Name extends `${Verb}${infer Words}`
  ? BeginsWord<Words> extends true ? Words : never
  : never;

/**
 * The arguments for the path that the words of a method's name say.
 *
 * @internal
 */
export type GivenByWords<
  Words extends string,
  Found extends readonly Given[] = [],
> = Words extends `${string}By${infer Rest}` ? GivenByWords<
    Rest,
    BeginsWord<Rest> extends true ? [...Found, [`:param${Next<Found>}`, string]]
      : Found
  >
  : Found;

type Next<Found extends readonly unknown[]> = [...Found, 1]["length"] & number;

/** The arguments for the parameters of a path. */
type GivenByParams<Params extends readonly PatternParam[]> = {
  [I in keyof Params]: [
    `:${Params[I]["name"]}`,
    Params[I]["isOptional"] extends true ? string | undefined : string,
  ];
};

/** The path in an entry of `static routes`, without a method before it. */
type PathIn<Entry> = Entry extends { readonly path: infer Path extends string }
  ? Path
  : Entry extends `${string} ${infer Path}` ? PathIn<Path>
  : Entry extends string ? Entry
  : undefined;

type SchemaArgument<Entry, Key extends "body" | "query"> = Entry extends
  { readonly [K in Key]: StandardSchemaV1<unknown, infer Output> }
  ? [[Key, Output]]
  : [];

/** `undefined` if the path is not one text that the compiler knows. */
type GivenByEntry<Name extends string, Entry> = PathIn<Entry> extends
  infer Path extends string ? IsLiteral<Path> extends false ? undefined
  : [
    ...GivenByParams<ParamsIn<Path>>,
    ...SchemaArgument<Entry, "body">,
    ...SchemaArgument<Entry, "query">,
  ]
  : [
    ...GivenByWords<WordsOf<Name>>,
    ...SchemaArgument<Entry, "body">,
    ...SchemaArgument<Entry, "query">,
  ];

/** What a method is given; `undefined` if it is no route, or not known. */
type GivenTo<Name extends string, Routes> = string extends keyof Routes
  ? undefined
  : Name extends keyof Routes
    ? Routes[Name] extends false ? undefined : GivenByEntry<Name, Routes[Name]>
  : [WordsOf<Name>] extends [never] ? undefined
  : GivenByWords<WordsOf<Name>>;

type TypesOf<Givens extends readonly Given[]> = {
  -readonly [I in keyof Givens]: Givens[I][1];
};

type PlaceOf<Name extends string, One> = One extends Given
  ? `${Name}(${One[0]})`
  : `${Name}()`;

/** The arguments that a method takes and its route does not give. */
type ArgumentFaults<
  Name extends string,
  Givens extends readonly Given[],
  Taken extends readonly unknown[],
> = {
  [I in keyof Taken]-?: I extends keyof Givens
    ? Givens[I] extends Given ? Givens[I][1] extends Taken[I] ? never
      : ArgumentMismatch<PlaceOf<Name, Givens[I]>, Givens[I][1], Taken[I]>
    : never
    : undefined extends Taken[I] ? never
    : ArgumentMismatch<
      `${Name}(argument ${I & string})`,
      "nothing",
      Taken[I]
    >;
}[number];

/**
 * What a method takes and its route does not give.
 *
 * @internal
 */
type MethodFaults<Name extends string, Method, Routes> = Method extends
  (...args: infer Taken) => void
  ? GivenTo<Name, Routes> extends infer Givens extends readonly Given[]
    ? Method extends (...args: TypesOf<Givens>) => void ? never
    : ArgumentFaults<Name, Givens, Taken>
  : never
  : never;

type MethodNames<T> = {
  [K in keyof T]-?: T[K] extends (...args: never[]) => void ? K : never;
}[keyof T];

/**
 * The keys of `static routes` that name no method.
 *
 * @internal
 */
type NameFaults<T, Routes> = Exclude<keyof Routes, MethodNames<T>> extends
  infer Wrong ? [Wrong] extends [never] ? never
  : [string] extends [Wrong] ? never
  : NoSuchMethod<Wrong>
  : never;

/**
 * What a class says in `static routes`.
 *
 * @internal
 */
type StaticRoutes<C> = C extends { readonly routes: infer Routes } ? Routes
  : unknown;

/**
 * The errors in the routes of a controller class, `never` if there are none.
 *
 * Public methods that are routes are compared with what their routes give:
 * strings for the path parameters, then what the schemas of `static routes` make
 * of body and query. What is private, or not written as literals, is left to the
 * checks at start-up.
 *
 * @typeParam C The type of the class.
 */
export type RouteFaults<C> = C extends { readonly prototype: infer T } ?
    | NameFaults<T, StaticRoutes<C>>
    | {
      [K in keyof T]-?: K extends string
        ? MethodFaults<K, T[K], StaticRoutes<C>>
        : never;
    }[keyof T]
  : never;
