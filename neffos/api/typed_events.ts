/**
 * The types of events: what may be sent, and what comes back. They are for
 * the compiler alone; nothing of them exists at run time.
 *
 * @example
 * ```ts
 * import { type Message, NSConn } from "@neffos/mvc";
 *
 * // What the server sends to its clients.
 * interface ChatEvents {
 *   onChat: { from: string; text: string };
 *   onConfirm(question: string): boolean;
 * }
 *
 * class ChatController {
 *   static readonly namespace = "default";
 *   static readonly inject = [NSConn] as const;
 *   constructor(readonly nsConn: NSConn<ChatEvents>) {}
 *
 *   async onClear(msg: Message<{ room: string }>) {
 *     const answer = await this.nsConn.ask("onConfirm", "Clear it?");
 *     return { room: msg.json().room, isCleared: answer.json() };
 *   }
 * }
 * ```
 *
 * @module
 */

import type { Body, Message, MessageInit, Reply } from "../protocol/message.ts";
import type { StandardSchemaV1 } from "../protocol/schema.ts";
import type { NSConn } from "./ns_conn.ts";

/**
 * Events of any name with any body: what is known of a connection whose
 * events nobody has written down.
 */
export interface AnyEvents {
  /** The body of an event. */
  [event: string]: Body;
}

/**
 * The body of an event. An interface of events has either the type of the
 * body or, where an answer comes back, a function from body to answer:
 * `{ onChat: Chat; onSum(numbers: number[]): number }`.
 *
 * @typeParam Emits The events.
 * @typeParam Event The name of the event.
 */
export type BodyOf<Emits, Event extends keyof Emits> = Emits[Event] extends
  (...args: infer Args) => unknown ? Args extends readonly [] ? undefined
  : Args[0]
  : Emits[Event];

/**
 * What the answer to an ask can be read as; `unknown` where that was not
 * written down.
 *
 * @typeParam Emits The events.
 * @typeParam Event The name of the event.
 */
export type AnswerOf<Emits, Event extends keyof Emits> = Emits[Event] extends
  (...args: never[]) => infer Answer ? Transmitted<Awaited<Answer>>
  : unknown;

/**
 * The arguments of `emit` and `ask` after the event: a body, which may be left
 * out where it may be `undefined`.
 *
 * @typeParam B The body.
 * @typeParam Rest What follows the body.
 */
export type BodyArgs<B, Rest extends unknown[] = []> = undefined extends B
  ? [body?: B, ...rest: Rest]
  : [body: B, ...rest: Rest];

/**
 * The parts of a message that is broadcast: with a body that fits its event.
 *
 * @typeParam Emits The events.
 */
export type EventInit<Emits extends object> = string extends keyof Emits
  ? MessageInit
  : {
    [Event in keyof Emits & string]:
      & Omit<MessageInit, "event" | "body">
      & { event: Event }
      & (undefined extends BodyOf<Emits, Event>
        ? { body?: BodyOf<Emits, Event> }
        : { body: BodyOf<Emits, Event> });
  }[keyof Emits & string];

/** The names of methods that handle the events of the protocol itself. */
export type BuiltInMethod = `${"_On" | "On" | "on"}${
  | `Namespace${"Connect" | "Connected" | "Disconnect"}`
  | `Room${"Join" | "Joined" | "Leave" | "Left"}`
  | "AnyEvent"
  | "NativeMessage"}`;

/**
 * The names of a controller's methods that handle events, built-in ones
 * included, by the rule that holds unless `setEventMatcher` changes it.
 *
 * @typeParam Instance The type of the controller's instances.
 */
export type OnMethod<Instance> = {
  [Name in keyof Instance]-?: Name extends `${"_On" | "on" | "On"}${string}`
    ? Instance[Name] extends (...args: never[]) => unknown ? Name : never
    : never;
}[keyof Instance];

/**
 * The names of a controller's methods that are events of its own.
 *
 * @typeParam Instance The type of the controller's instances.
 */
export type EventMethod<Instance> = Exclude<OnMethod<Instance>, BuiltInMethod>;

/**
 * The parameter of a controller's method that takes the message: the only
 * one, or the one after the `NSConn`. `unknown` where there is none.
 *
 * @typeParam Method The type of the method.
 */
export type MessageParameter<Method> = Method extends
  (first: infer First) => unknown
  ? First extends NSConn<infer _> ? unknown : First
  : Method extends (nsConn: infer _, msg: infer Second) => unknown ? Second
  : never;

/**
 * The schema that the controller has for an event in its `static events`;
 * `never` where it has none, or where their names are not known.
 *
 * @typeParam C The type of the class.
 * @typeParam Event The name of the event.
 */
export type SchemaOf<C, Event> = C extends { readonly events: infer Schemas }
  ? string extends keyof Schemas ? never
  : Event extends keyof Schemas ? Schemas[Event]
  : never
  : never;

/**
 * What may be sent to a method.
 *
 * @internal
 */
type AcceptedBody<Method, Schema> = [Schema] extends [never]
  ? MessageParameter<Method> extends Message<infer B>
    ? unknown extends B ? Body : B
  : undefined
  : Schema extends StandardSchemaV1<infer Input, unknown> ? Input
  : never;

/**
 * What comes back from a method, without what is told in other ways.
 *
 * @internal
 */
type GivenAnswer<R> = R extends Reply<infer T> ? Transmitted<T>
  : R extends Error ? never
  : Transmitted<R>;

/**
 * What a value is after it has travelled: a string and bytes as they are,
 * anything else as JSON makes it.
 *
 * @typeParam T The type of the value.
 */
export type Transmitted<T> = unknown extends T ? T
  : T extends string | Uint8Array ? T
  : T extends void ? undefined
  : Jsonified<T>;

/**
 * What a value is after it was written as JSON and read again.
 *
 * @internal
 */
type Jsonified<T> = unknown extends T ? T
  : T extends { toJSON(): infer J } ? Jsonified<J>
  : T extends string | number | boolean | null ? T
  // Of arrays an element at a time: a JSON value has arrays of itself.
  : T extends readonly (infer E)[] ? number extends T["length"] ? Jsonified<E>[]
    : { [I in keyof T]: Jsonified<T[I]> }
  : T extends undefined | symbol | ((...args: never[]) => unknown) ? undefined
  : T extends object ? {
      [
        K in keyof T as T[K] extends symbol | ((...args: never[]) => unknown)
          ? never
          : K
      ]: Jsonified<T[K]>;
    }
  : never;

/**
 * The events of a controller, as who is connected to it may send them. From
 * its type alone: `EventsOf<typeof ChatController>`.
 *
 * The body of an event is what the schema in `static events` takes, else what
 * the method's `Message<Body>` says, else anything; the answer is what the
 * method returns.
 *
 * @typeParam C The type of the class, or an interface of events, which stays
 * as it is.
 *
 * @example
 * ```ts
 * import type { EventsOf, Message, NSConn } from "@neffos/mvc";
 *
 * class Calculator {
 *   onDouble(_nsConn: NSConn, msg: Message<number>) {
 *     return msg.json() * 2;
 *   }
 * }
 *
 * const events: EventsOf<typeof Calculator> = {
 *   onDouble: (number) => number * 2,
 * };
 * console.log(events.onDouble(21));
 * ```
 */
export type EventsOf<C extends object> = C extends
  abstract new (...args: never[]) => infer Instance ? {
    [Event in EventMethod<Instance>]: Instance[Event] extends
      (...args: never[]) => infer R ? (
        ...body: BodyArgs<AcceptedBody<Instance[Event], SchemaOf<C, Event>>>
      ) => GivenAnswer<Awaited<R>>
      : never;
  }
  : C;

/**
 * The namespace of a controller, where its type says it; else any.
 *
 * @typeParam C The type of the class.
 */
export type NamespaceOf<C> = C extends
  { readonly namespace: infer N; new (...args: never[]): unknown }
  ? N extends () => infer R ? R & string : N & string
  : string;
