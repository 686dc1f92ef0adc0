/**
 * Compile-time checks of controllers. Each is `never` if nothing is wrong, else a
 * text that names the member; a text that has to name a type is a tuple.
 *
 * @module
 */

import type {
  AnswerOf,
  BuiltInMethod,
  Conn,
  EventMiddleware,
  EventsOf,
  Message,
  MessageParameter,
  NSConn,
  OnMethod,
  SchemaOf,
  StandardSchemaV1,
  Transmitted,
} from "../../neffos/mod.ts";
import type { CheckedClass, OneOf, RestOf } from "../container/checks.ts";
import type { ClassToken } from "../container/tokens.ts";
import type { Context } from "../http/context.ts";
import type { IsLiteral, ParamsIn, PatternParam } from "../router/pattern.ts";
import type { RouteOptions } from "./http_controller.ts";

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
    ? Lowercase<Name> extends Lowercase<BuiltInMethod>
      ? SpelledEvent<Lowercase<Name>>
    : Lowercase<Name> extends `onnamespacedisconnect${"ed" | "ing"}`
      ? "onNamespaceDisconnect"
    : Lowercase<Name> extends "onnamespaceconnecting" ? "onNamespaceConnect"
    : Lowercase<Name> extends "onroomjoining" ? "onRoomJoin"
    : Lowercase<Name> extends "onroomleaving" ? "onRoomLeave"
    : Lowercase<Name> extends "onroomleaved" ? "onRoomLeft"
    : never
  : never;

/**
 * The spelling of a built-in event that differs in its case alone.
 *
 * @internal
 */
type SpelledEvent<Lower, Name = BuiltInMethod> = Name extends
  `${"on" | "_On"}${string}` ? Lowercase<Name> extends Lower ? Name : never
  : never;

/**
 * The errors of the static members of a class, and of what should be one.
 *
 * @internal
 */
type StaticFaults<C, Instance> =
  | {
    [Name in keyof C & string]: [MeantField<Name>] extends [never] ? never
      : `static ${Name} would be ignored: its name is ${MeantField<Name>}`;
  }[keyof C & string]
  | StaticEvent<OnMethod<C>>
  | ("inject" extends keyof Instance
    ? "inject: a class has it in a static field, write static readonly inject"
    : never)
  | (Instance extends { readonly namespace: string }
    ? "namespace" extends keyof C ? never
    : "namespace: a class has it in a static field, write static readonly namespace"
    : never)
  | (C extends { readonly namespace: infer Name }
    ? Name extends string | undefined | (() => string) ? never
    : ["static namespace must be a string, not", Name]
    : never)
  | (C extends { readonly use: infer Use }
    ? Use extends readonly EventMiddleware[] | undefined ? never
    : [
      "static use should be an array of functions (nsConn, msg, next), not",
      Use,
    ]
    : never);

/**
 * The error of a static method that is named like an event.
 *
 * @internal
 */
type StaticEvent<Name> = Name extends string
  ? `${Name} is static, write it as a method`
  : never;

/**
 * The errors of methods that are named nearly like a built-in event.
 *
 * @internal
 */
type NameFaults<Instance> = {
  [Name in keyof Instance & string]-?: [MeantEvent<Name>] extends [never]
    ? never
    : `${Name}: there is no such built-in event, write ${MeantEvent<Name>}`;
}[keyof Instance & string];

/**
 * The errors of fields that are named like events: the methods of a class are
 * its events. The compiler knows a field from a method if it is `readonly`.
 *
 * @internal
 */
type EventFieldFaults<C, Instance> = {
  [Name in EventOf<C, Instance>]: IsReadonly<Instance, Name> extends true
    ? `${Name & string} is a field or a getter, write it as a method`
    : never;
}[EventOf<C, Instance>];

/**
 * The names of the methods that handle events. A function that the constructor
 * takes and keeps is none.
 *
 * @internal
 */
type EventOf<C, Instance> = C extends
  abstract new (...args: infer Taken) => unknown ? {
    [Name in OnMethod<Instance>]: [Instance[Name]] extends [Taken[number]]
      ? IsReadonly<Instance, Name> extends true ? never : Name
      : Name;
  }[OnMethod<Instance>]
  : OnMethod<Instance>;

/**
 * The errors of `static events`: names that are no events, and values that are
 * no schemas.
 *
 * @internal
 */
type SchemaFaults<C, Instance> = C extends
  { readonly events: infer Schemas extends object }
  ? string extends keyof Schemas ? never
    // An instance may have an unrelated field `events`.
  : C extends ClassToken | { readonly events: SchemasBy<keyof Schemas> } ? {
      [Name in keyof Schemas & string]: Name extends
        Exclude<OnMethod<Instance>, BuiltInMethod>
        ? Schemas[Name] extends StandardSchemaV1 ? never
        : `static events.${Name}: its schema must follow the Standard Schema specification, as those of zod, valibot and arktype do`
        : Name extends Exclude<keyof Instance, BuiltInMethod> ? never
        : `static events has ${Name}, and should name methods that handle events of its own`;
    }[keyof Schemas & string]
  : never
  : never;

/**
 * The errors of `static answers`: names that are no events, and schemas of other
 * answers than those that the methods give.
 *
 * @internal
 */
type AnswerFaults<C, Instance> = C extends
  ClassToken & { readonly answers: infer Schemas extends object }
  ? string extends keyof Schemas ? never : {
    [Name in keyof Schemas & string]: Schemas[Name] extends
      StandardSchemaV1<infer _, infer Output>
      ? Name extends keyof EventsOf<C>
        ? AnswerMismatch<Name, AnswerOf<EventsOf<C>, Name>, Transmitted<Output>>
      : Name extends Exclude<keyof Instance, BuiltInMethod> ? never
      : `static answers has ${Name}, and should name methods that handle events of its own`
      : never;
  }[keyof Schemas & string]
  : never;

/**
 * The error of an answer that its schema does not describe.
 *
 * @internal
 */
type AnswerMismatch<Name extends string, Answer, Output> = unknown extends
  Answer ? never
  : [Answer] extends [Output] ? never
  : [
    `${Name}: its schema in static answers gives`,
    Output,
    "but it answers",
    Answer,
  ];

/**
 * Schemas by method name.
 *
 * @internal
 */
type SchemasBy<Names extends PropertyKey> = {
  readonly [Name in Names]: StandardSchemaV1;
};

/**
 * The errors of methods that do not accept their arguments.
 *
 * @internal
 */
type MethodFaultsOf<C, Instance, Life> = {
  [Name in EventOf<C, Instance> & string]: Instance[Name] extends
    SignatureOf<MessageFor<C, Name>, Life> ? never
    : Instance[Name] extends SignatureOf<Message<never>, Life>
      ? SchemaMismatch<C, Name, Instance[Name]>
    : `${Name}: ${Signature<C, Life>}`;
}[EventOf<C, Instance> & string];

/**
 * Says what the methods of a controller take.
 *
 * @internal
 */
type Signature<C, Life> = Life extends "own"
  ? "controllers of one connection take (msg); shared ones take (nsConn, msg)"
  : C extends ClassToken
    ? "shared controllers take (nsConn, msg); inject NSConn to have one for each connection, which takes (msg)"
  : "shared controllers take (nsConn, msg), and an instance is shared";

/**
 * The error of a method whose message has another body than its schema gives. An
 * object literal has no tuple: the compiler would compare its properties.
 *
 * @internal
 */
type SchemaMismatch<C, Name extends string, Method> = C extends ClassToken
  ? SchemaOf<C, Name> extends StandardSchemaV1<infer _, infer Output> ? [
      `${Name}: its schema in static events gives`,
      Output,
      "but it takes",
      MessageParameter<Method>,
    ]
  : never
  : `${Name}: its schema in events gives another body than its message has`;

/**
 * The signature that a method must have.
 *
 * @internal
 */
type SignatureOf<M, Life> = Life extends "own" ? (msg: M) => unknown
  : Life extends "shared" ? (nsConn: NSConn, msg: M) => unknown
  : (first: never, second: never) => unknown;

/**
 * The message that a method gets; without a schema, its body may have any type.
 *
 * @internal
 */
type MessageFor<C, Name> = [SchemaOf<C, Name>] extends [never] ? Message<never>
  : SchemaOf<C, Name> extends StandardSchemaV1<infer _, infer Output>
    ? Message<Output>
  : never;

/**
 * Says what is wrong with the events of a controller; `never` if nothing is.
 *
 * @typeParam C The type of the class or the instance.
 * @typeParam Instance The type of the instances.
 * @typeParam Life The result of `LifeOf`.
 *
 * @category Type utilities
 */
export type EventFaults<C, Instance, Life> = [MemberFaults<C, Instance>] extends
  [never] ? MethodFaultsOf<C, Instance, Life> | AnswerFaults<C, Instance>
  : MemberFaults<C, Instance>;

/**
 * The errors of members that would be ignored or misread.
 *
 * @internal
 */
type MemberFaults<C, Instance> =
  | (C extends ClassToken
    ? StaticFaults<C, Instance> | EventFieldFaults<C, Instance>
    : never)
  | NameFaults<Instance>
  | SchemaFaults<C, Instance>;

/** The HTTP methods that the name of a method may begin with. */
type Verb =
  | ("get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "any")
  | ("Get" | "Post" | "Put" | "Patch" | "Delete" | "Head" | "Options" | "Any");

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
  ? [[`the ${Key}`, Output]]
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

/** The first mismatch between the arguments of a route and those of its method. */
type ArgumentFault<
  Name extends string,
  Givens extends readonly Given[],
  Taken extends readonly unknown[],
  Done extends readonly unknown[] = [],
> = Taken extends readonly [] ? never
  : Givens extends
    readonly [infer One extends Given, ...infer Rest extends readonly Given[]]
    ? [One[1]] extends [Taken[0]]
      ? ArgumentFault<Name, Rest, RestOf<Taken>, [...Done, One]>
    : [`${Name} gets ${One[0]} as`, One[1], "but takes", Taken[0]]
  : Taken extends readonly [infer Parameter, ...infer _]
    ? Parameter extends Context
      ? `${Name} takes a Context, which its route does not give: write static readonly inject = [Context] as const`
    : [
      `${Name} takes more arguments than its route gives; parameter ${Next<
        Done
      >} is`,
      Parameter,
    ]
  : never;

/**
 * The errors of one method.
 *
 * @internal
 */
type MethodFaults<Name extends string, Method, Routes> = Method extends
  (...args: infer Taken) => void
  ? GivenTo<Name, Routes> extends infer Givens extends readonly Given[]
    ? Method extends (...args: TypesOf<Givens>) => void ? never
    : ArgumentFault<Name, Givens, Taken>
  : never
  : never;

type MethodNames<T> = {
  [K in keyof T]-?: T[K] extends (...args: never[]) => void ? K : never;
}[keyof T];

/**
 * The errors of the entries in `static routes`.
 *
 * @internal
 */
type EntryFaults<T, Routes> = string extends keyof Routes ? never : {
  [K in keyof Routes & string]: Routes[K] extends false ? never
    : K extends MethodNames<T> ? EntryFault<K, Routes[K]>
    : `static routes must name methods, and ${K} is none`;
}[keyof Routes & string];

/**
 * The error of one entry in `static routes`.
 *
 * @internal
 */
type EntryFault<Name extends string, Entry> = Entry extends string
  ? IsLiteral<Entry> extends false ? never
  : Entry extends `${string} ${PathStart}${string}` ? never
  : Entry extends `${PathStart}${string}`
    ? [WordsOf<Name>] extends [never]
      ? `${Name} does not begin with an HTTP method, so static routes must have one, as in GET ${Entry}`
    : never
  : `static routes.${Name} is '${Entry}', and must be a path, or a method and a path, as in GET /path`
  : Entry extends object
    ? [UnknownOption<Entry>] extends [never]
      ? Entry extends RouteOptions ? never
      : [`static routes.${Name} has options of the wrong types:`, Entry]
    : `static routes.${Name} has ${UnknownOption<
      Entry
    >}, which is not an option of a route`
  : [
    `static routes.${Name} must be a path, false or options, not`,
    Entry,
  ];

type UnknownOption<Entry> = Exclude<keyof Entry & string, keyof RouteOptions>;

type PathStart = "/" | "*";

/**
 * The fields that are named like routes and are functions. The compiler knows a
 * field from a method if it is `readonly`.
 *
 * @internal
 */
type FieldFaults<T, Routes> = {
  [K in keyof T]-?: K extends string ? [WordsOf<K>] extends [never] ? never
    : K extends keyof Routes ? never
    : T[K] extends (...args: never[]) => unknown
      ? IsReadonly<T, K> extends true
        ? `${K} is a field with a function, which is no route; write a method, or exclude it by ${K}: false in static routes`
      : never
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
    | EntryFaults<T, StaticRoutes<C>>
    | FieldFaults<T, StaticRoutes<C>>
    | NoRoutes<C, T>
    | {
      [K in keyof T]-?: K extends string
        ? MethodFaults<K, T[K], StaticRoutes<C>>
        : never;
    }[keyof T]
  : never;

/**
 * The error of a class whose methods are known, and none is a route.
 *
 * @internal
 */
type NoRoutes<C, T> = unknown extends T ? never
  : [MethodNames<T>] extends [never] ? never
  : [
    | WordsOf<MethodNames<T>>
    | Extract<keyof C | keyof T, "routes" | "beforeActivation">,
  ] extends [never]
    ? "none of its methods is a route; name one after its method and path, for instance getBy(id), or list it in static readonly routes"
  : never;

/**
 * The errors of an HTTP controller that injects a connection.
 *
 * @typeParam C The type of the class.
 *
 * @category Type utilities
 */
export type ConnectionFaults<C> = C extends
  { readonly inject: infer Inject extends readonly unknown[] } ? {
    [I in keyof Inject]: Inject[I] extends typeof NSConn | typeof Conn ? [
        `inject[${
          & I
          & string}] belongs to a websocket connection, which an HTTP request does not have:`,
        Inject[I],
      ]
      : never;
  }[number]
  : never;

/**
 * Checks an HTTP controller: a class with `CheckedClass`, and each of its methods
 * against the arguments of its route. An instance is not checked.
 *
 * @typeParam C The type of the class or the instance.
 * @typeParam Registered The union of the types of all registered tokens.
 *
 * @category Type utilities
 */
export type CheckedHttpController<C, Registered> = C extends ClassToken
  ? [RouteFaults<C>] extends [never]
    ? [ConnectionFaults<C>] extends [never] ? CheckedClass<C, Registered>
    : OneOf<ConnectionFaults<C>>
  : OneOf<RouteFaults<C>>
  : C extends { readonly prototype: unknown }
    ? "must be a class with a public constructor"
  : C;
