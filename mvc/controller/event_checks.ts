/**
 * The checks of websocket controllers: types whose failures name the method.
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
