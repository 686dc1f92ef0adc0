/**
 * The checks of websocket controllers: types whose failures name the method.
 *
 * @module
 */

import type {
  BuiltInMethod,
  Conn,
  Message,
  NSConn,
  OnMethod,
  SchemaOf,
  Server,
  StandardSchemaV1,
} from "../../neffos/mod.ts";
import type { Application } from "../application.ts";
import type {
  CheckedClass,
  Exactly,
  ExactlyEach,
} from "../container/checks.ts";
import type { ClassToken, Optional, ServiceToken } from "../container/types.ts";
import type { Context } from "../http/context.ts";

/** The tokens that every Application knows. */
export type BuiltIn =
  | PerConnection
  | typeof Server
  | typeof Application;

/** The tokens that every HTTP controller of an Application may ask for. */
export type HttpBuiltIn =
  | typeof Server
  | typeof Context
  | typeof Application;

/** The tokens of what each connection, or each request, has of its own. */
export type PerConnection = typeof NSConn | typeof Conn | typeof Context;

/**
 * Compile error: a method of a controller does not take what it is given.
 *
 * @typeParam Name The name of the method.
 * @typeParam Should What it should be.
 */
export interface HandlerMismatch<Name, Should> {
  /** Never there: it is the text of the error. */
  readonly "a method does not take what it is given": [Name, Should];
}

/**
 * Compile error: `static events` has a schema for a name that is no method of
 * the controller, or one that handles an event of the protocol itself.
 *
 * @typeParam Name The name.
 */
export interface NoSuchEvent<Name> {
  /** Never there: it is the text of the error. */
  readonly "static events names what is no event of the controller": Name;
}

/**
 * Whose a controller is: each connection has one of its own (`"own"`), all
 * share one (`"shared"`), or the types do not say (`"either"`).
 *
 * @typeParam C The type of the class.
 * @typeParam Scoped The union of the types of the scoped tokens.
 * @typeParam Shared The union of the types of those that are not scoped.
 */
export type LifeOf<C, Scoped, Shared> = C extends
  { readonly inject: infer Inject extends readonly unknown[] }
  ? StrictestOf<LifeOfDep<Inject[number], Scoped, Shared>>
  : "shared";

/**
 * Distributes over dependencies.
 *
 * @internal
 */
type LifeOfDep<K, Scoped, Shared> = K extends Optional<infer O>
  ? LifeOfDep<O, Scoped, Shared>
  : Exactly<K> extends ExactlyEach<PerConnection> ? "own"
  : Exactly<K> extends ExactlyEach<Scoped>
    ? Exactly<K> extends ExactlyEach<Shared> ? "either" : "own"
  : Exactly<K> extends ExactlyEach<Shared | typeof Server | typeof Application>
    ? "shared"
  : "either";

/**
 * One dependency of a connection's own is enough.
 *
 * @internal
 */
type StrictestOf<Lives> = "own" extends Lives ? "own"
  : "either" extends Lives ? "either"
  : "shared";

/**
 * The check of a controller's methods: `unknown` where each takes what it is
 * given, else the error that names the method.
 *
 * @typeParam C The type of the class or the instance.
 * @typeParam Instance The type of the instances.
 * @typeParam Life What {@linkcode LifeOf} says.
 */
export type CheckedEvents<C, Instance, Life> =
  [NoSuchEventOf<C, Instance>] extends [never]
    ? [MismatchedMethod<C, Instance, Life>] extends [never] ? unknown
    : HandlerMismatch<
      MismatchedMethod<C, Instance, Life>,
      SignatureOf<C, MismatchedMethod<C, Instance, Life>, Life>
    >
    : NoSuchEvent<NoSuchEventOf<C, Instance>>;

/**
 * The names in `static events` that are no events.
 *
 * @internal
 */
type NoSuchEventOf<C, Instance> = C extends
  { readonly events: infer Schemas extends object }
  ? string extends keyof Schemas ? never
    // An instance may have a field of that name which is something else.
  : C extends ClassToken | { readonly events: SchemasBy<keyof Schemas> }
    ? Exclude<keyof Schemas, keyof Instance> | (keyof Schemas & BuiltInMethod)
  : never
  : never;

/**
 * Schemas by the names of methods.
 *
 * @internal
 */
type SchemasBy<Names extends PropertyKey> = {
  readonly [Name in Names]: StandardSchemaV1;
};

/**
 * The names of the methods that do not take what they are given.
 *
 * @internal
 */
type MismatchedMethod<C, Instance, Life> = {
  [Name in OnMethod<Instance>]: Instance[Name] extends
    SignatureOf<C, Name, Life> ? never : Name;
}[OnMethod<Instance>];

/**
 * What a method must be callable as.
 *
 * @internal
 */
type SignatureOf<C, Name, Life> = Life extends "own"
  ? (msg: MessageFor<C, Name>) => unknown
  : Life extends "shared"
    ? (nsConn: NSConn, msg: MessageFor<C, Name>) => unknown
  : ((first: never, second: never) => unknown);

/**
 * The message that a method is given; without a schema its body may be taken
 * for anything.
 *
 * @internal
 */
type MessageFor<C, Name> = [SchemaOf<C, Name>] extends [never] ? Message<never>
  : SchemaOf<C, Name> extends StandardSchemaV1<infer _, infer Output>
    ? Message<Output>
  : never;

/**
 * The check of a controller: of a class also what `CheckedClass` checks; of
 * an instance its methods.
 *
 * @typeParam C The type of the class or the instance.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the scoped ones.
 * @typeParam Shared The union of the types of those that are not scoped.
 */
export type CheckedController<C, Registered, Scoped = never, Shared = never> =
  C extends ClassToken<infer Instance> ?
      & CheckedClass<C, Registered, BuiltIn>
      & ([ServiceToken] extends [Registered] ? unknown
        : CheckedEvents<C, Instance, LifeOf<C, Scoped, Shared>>)
    : C & CheckedEvents<C, C, "shared">;
