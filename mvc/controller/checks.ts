/**
 * Compile-time checks of controllers: types whose failures name the method.
 *
 * @module
 */

import type {
  BuiltInMethod,
  Message,
  NSConn,
  OnMethod,
  SchemaOf,
  StandardSchemaV1,
} from "../../neffos/mod.ts";
import type { ClassToken } from "../container/tokens.ts";
import type { IsLiteral, ParamsIn, PatternParam } from "../router/pattern.ts";

/**
 * Compile error: a method of a controller does not accept its arguments.
 *
 * @typeParam Name The name of the method.
 * @typeParam Should The signature that it must have.
 *
 * @category Type utilities
 */
export interface HandlerMismatch<Name, Should> {
  /** Never set: it is the text of the error. */
  readonly "a method does not take what it is given": [Name, Should];
}

/**
 * Compile error: `static events` has a schema for a name that is not a method
 * of the controller, or that handles a built-in event of the protocol.
 *
 * @typeParam Name The name.
 *
 * @category Type utilities
 */
export interface NoSuchEvent<Name> {
  /** Never set: it is the text of the error. */
  readonly "static events names something that is not an event of the controller":
    Name;
}

/**
 * Compile error: a member of a controller has nearly the name of one that
 * counts, or stands where it does not count, and would be ignored.
 *
 * @typeParam Name The name of the member.
 * @typeParam Should What to write.
 */
export interface IgnoredMember<Name, Should> {
  /** Never set: it is the text of the error. */
  readonly "a member would be ignored": [Name, Should];
}

/** The static fields of a controller. */
type Field = "namespace" | "inject" | "events" | "use";

/**
 * The static field that a name was meant to be; `never` if none.
 *
 * @internal
 */
type MeantField<Name> = Name extends Field ? never
  : Name extends string ? Lowercase<Name> extends Field ? Lowercase<Name>
    : Lowercase<Name> extends `${infer F extends Field}s` ? F
    : Lowercase<Name> extends "event" ? "events"
    : never
  : never;

/**
 * The built-in event that a name was meant to be; `never` if none.
 *
 * @internal
 */
type MeantEvent<Name> = Name extends BuiltInMethod ? never
  : Name extends string
    ? Lowercase<Name> extends Lowercase<BuiltInMethod> ? "a built-in event"
    : Lowercase<Name> extends `onnamespacedisconnect${"ed" | "ing"}`
      ? "onNamespaceDisconnect"
    : Lowercase<Name> extends "onnamespaceconnecting" ? "onNamespaceConnect"
    : Lowercase<Name> extends "onroomjoining" ? "onRoomJoin"
    : Lowercase<Name> extends "onroomleaving" ? "onRoomLeave"
    : Lowercase<Name> extends "onroomleaved" ? "onRoomLeft"
    : never
  : never;

/**
 * The errors of the members of a controller that would be ignored.
 *
 * @internal
 */
type IgnoredMembers<C, Instance> =
  | (C extends ClassToken ?
      | {
        [Name in keyof C]: [MeantField<Name>] extends [never] ? never
          : IgnoredMember<Name, `static ${MeantField<Name>}`>;
      }[keyof C]
      | IgnoredMember<OnMethod<C>, "a method that is not static">
      | IgnoredMember<
        Extract<keyof Instance, "inject">,
        "static readonly inject"
      >
    : never)
  | {
    [Name in keyof Instance]-?: [MeantEvent<Name>] extends [never] ? never
      : IgnoredMember<Name, MeantEvent<Name>>;
  }[keyof Instance];

/**
 * Checks the methods of a controller: `unknown` if each accepts its arguments,
 * else the error that names the method.
 *
 * @typeParam C The type of the class or the instance.
 * @typeParam Instance The type of the instances.
 * @typeParam Life The result of `LifeOf`.
 *
 * @category Type utilities
 */
export type CheckedEvents<C, Instance, Life> =
  [WithName<IgnoredMembers<C, Instance>>] extends [never]
    ? CheckedMethods<C, Instance, Life>
    : WithName<IgnoredMembers<C, Instance>>;

/**
 * Leaves out the errors that name no member.
 *
 * @internal
 */
type WithName<Fault> = Fault extends IgnoredMember<infer Name, unknown>
  ? [Name] extends [never] ? never : Fault
  : never;

/**
 * Checks the methods of a controller that are events.
 *
 * @internal
 */
type CheckedMethods<C, Instance, Life> = [NoSuchEventOf<C, Instance>] extends
  [never] ? [MismatchedMethod<C, Instance, Life>] extends [never] ? unknown
  : HandlerMismatch<
    MismatchedMethod<C, Instance, Life>,
    SignatureOf<C, MismatchedMethod<C, Instance, Life>, Life>
  >
  : NoSuchEvent<NoSuchEventOf<C, Instance>>;

/**
 * The names in `static events` that are not events.
 *
 * @internal
 */
type NoSuchEventOf<C, Instance> = C extends
  { readonly events: infer Schemas extends object }
  ? string extends keyof Schemas ? never
    // An instance may have an unrelated field `events`.
  : C extends ClassToken | { readonly events: SchemasBy<keyof Schemas> }
    ? Exclude<keyof Schemas, keyof Instance> | (keyof Schemas & BuiltInMethod)
  : never
  : never;

/**
 * Schemas by method name.
 *
 * @internal
 */
type SchemasBy<Names extends PropertyKey> = {
  readonly [Name in Names]: StandardSchemaV1;
};

/**
 * The names of the methods that do not accept their arguments.
 *
 * @internal
 */
type MismatchedMethod<C, Instance, Life> = {
  [Name in OnMethod<Instance>]: Instance[Name] extends
    SignatureOf<C, Name, Life> ? never : Name;
}[OnMethod<Instance>];

/**
 * The signature that a method must have.
 *
 * @internal
 */
type SignatureOf<C, Name, Life> = Life extends "own"
  ? (msg: MessageFor<C, Name>) => unknown
  : Life extends "shared"
    ? (nsConn: NSConn, msg: MessageFor<C, Name>) => unknown
  : ((first: never, second: never) => unknown);

/**
 * The message that a method gets; without a schema, its body may have any type.
 *
 * @internal
 */
type MessageFor<C, Name> = [SchemaOf<C, Name>] extends [never] ? Message<never>
  : SchemaOf<C, Name> extends StandardSchemaV1<infer _, infer Output>
    ? Message<Output>
  : never;

/** The HTTP methods that the name of a method may begin with. */
type Verb =
  | ("get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "any")
  | ("Get" | "Post" | "Put" | "Patch" | "Delete" | "Head" | "Options" | "Any");

/**
 * Compile error: a method of a controller does not accept an argument of its
 * route.
 *
 * @typeParam Place The method and the argument: `getBy(:param1)`,
 * `postLogin(body)`.
 * @typeParam Given The type of the argument.
 * @typeParam Taken The type of the parameter.
 *
 * @category Type utilities
 */
export interface ArgumentMismatch<Place extends string, Given, Taken> {
  /** Never set: it is the text of the error. */
  readonly "the method takes something else": [Place, Given, Taken];
}

/**
 * Compile error: `static routes` has a key that is not a public method.
 *
 * @typeParam Name The key.
 *
 * @category Type utilities
 */
export interface NoSuchMethod<Name> {
  /** Never set: it is the text of the error. */
  readonly "static routes names no method of the class": Name;
}

/**
 * Compile error: a field of a controller is named like a route, and a field is
 * none. Write a method, or exclude the field in `static routes`. The compiler
 * knows a field from a method if it is `readonly`.
 *
 * @typeParam Name The name of the field.
 *
 * @category Type utilities
 */
export interface FieldAsRoute<Name> {
  /** Never set: it is the text of the error. */
  readonly "a field is no route, and must be a method": Name;
}

/** An argument of a route: its origin and its type. */
type Given = readonly [place: string, type: unknown];

/** Tells whether a word begins here, or the name ends. */
type BeginsWord<Text extends string> = Text extends `${infer Char}${string}`
  ? Char extends Lowercase<Char> ? false : true
  : true;

/** The rest of a method's name after its verb, `never` if it is not a route. */
type WordsOf<Name> = Name extends `${Verb}${infer Words}`
  ? BeginsWord<Words> extends true ? Words : never
  : never;

/** The arguments for the path in the words of a method's name. */
type GivenByWords<
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

/** The path in an entry of `static routes`, without the method before it. */
type PathIn<Entry> = Entry extends { readonly path: infer Path extends string }
  ? Path
  : Entry extends `${string} ${infer Path}` ? PathIn<Path>
  : Entry extends string ? Entry
  : undefined;

type SchemaArgument<Entry, Key extends "body" | "query"> = Entry extends
  { readonly [K in Key]: StandardSchemaV1<unknown, infer Output> }
  ? [[Key, Output]]
  : [];

/** The arguments of an entry; `undefined` if its path is not a literal. */
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

/** The arguments of a method; `undefined` if it is not a route, or unknown. */
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

/** The mismatches between the arguments of a route and those of its method. */
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
 * The errors of one method.
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
 * The fields that are named like routes and are functions.
 *
 * @internal
 */
type FieldFaults<T, Routes> = {
  [K in keyof T]-?: K extends string ? [WordsOf<K>] extends [never] ? never
    : K extends keyof Routes ? never
    : T[K] extends (...args: never[]) => unknown
      ? IsReadonly<T, K> extends true ? FieldAsRoute<K> : never
    : never
    : never;
}[keyof T];

type IsReadonly<T, K extends keyof T> =
  (<G>() => G extends Pick<T, K> ? 1 : 2) extends
    (<G>() => G extends { -readonly [P in K]: T[P] } ? 1 : 2) ? false : true;

/**
 * The type of `static routes`.
 *
 * @internal
 */
type StaticRoutes<C> = C extends { readonly routes: infer Routes } ? Routes
  : unknown;

/**
 * The errors in the routes of a controller class, `never` if there are none.
 *
 * The parameters of each public method are compared with the arguments of its
 * route: strings for the path parameters, then the outputs of the schemas in
 * `static routes` for body and query. Private methods, and routes that are not
 * literals, are left to the checks at start-up.
 *
 * @typeParam C The type of the class.
 *
 * @category Type utilities
 */
export type RouteFaults<C> = C extends { readonly prototype: infer T } ?
    | NameFaults<T, StaticRoutes<C>>
    | FieldFaults<T, StaticRoutes<C>>
    | {
      [K in keyof T]-?: K extends string
        ? MethodFaults<K, T[K], StaticRoutes<C>>
        : never;
    }[keyof T]
  : never;
