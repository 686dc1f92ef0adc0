/**
 * The types of events: the bodies that may be sent, and the answers. They are
 * for the compiler alone; nothing of them exists at run time.
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
import type { EntryOptions } from "./ask_options.ts";
import type { StandardSchemaV1 } from "../protocol/body.ts";

/**
 * Events of any name with any body: the default where a program declares no
 * events.
 *
 * @category Type utilities
 */
export interface AnyEvents {
  /** The body of an event. */
  [event: string]: Body;
}

/**
 * The body of an event. For each event an interface of events has the type of
 * the body or, for an event with an answer, a function from body to answer:
 * `{ onChat: Chat; onSum(numbers: number[]): number }`.
 *
 * @typeParam Emits The events.
 * @typeParam Event The name of the event.
 *
 * @category Type utilities
 */
export type BodyOf<Emits, Event extends keyof Emits> = Emits[Event] extends
  (...args: infer Args) => unknown ? Args extends readonly [] ? undefined
  : Args[0]
  : Emits[Event];

/**
 * The type of the answer to an ask; `unknown` if the events do not declare it.
 *
 * @typeParam Emits The events.
 * @typeParam Event The name of the event.
 *
 * @category Type utilities
 */
export type AnswerOf<Emits, Event extends keyof Emits> = Emits[Event] extends
  (...args: never[]) => infer Answer ? Transmitted<Awaited<Answer>>
  : unknown;

/**
 * The arguments of `emit` and `ask` after the event: a body, optional if it
 * may be `undefined`.
 *
 * @typeParam B The body.
 * @typeParam Rest The arguments after the body.
 *
 * @category Type utilities
 */
export type BodyArgs<B, Rest extends unknown[] = []> = undefined extends B
  ? [body?: B, ...rest: Rest]
  : [body: B, ...rest: Rest];

/**
 * A message to broadcast, with a body that fits its event.
 *
 * @typeParam Emits The events.
 *
 * @category Type utilities
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

/**
 * The names of methods that handle built-in events.
 *
 * @category Type utilities
 */
export type BuiltInMethod = `${"_On" | "On" | "on"}${
  | `Namespace${"Connect" | "Connected" | "Disconnect"}`
  | `Room${"Join" | "Joined" | "Leave" | "Left"}`
  | "AnyEvent"
  | "NativeMessage"}`;

/**
 * Tells whether a name is that of an event under the default matcher: `onChat`,
 * not `online`.
 *
 * @internal
 */
type IsEvent<Name> = Name extends `_On${string}` ? true
  : Name extends `${"on" | "On"}${infer Rest}`
    ? Rest extends `${infer Char}${string}`
      ? Char extends Uppercase<Char> ? true : false
    : false
  : false;

/**
 * The names of a controller's methods that handle events, built-in ones
 * included, under the default matcher.
 *
 * @typeParam Instance The type of the controller's instances.
 *
 * @category Type utilities
 */
export type OnMethod<Instance> = {
  [Name in keyof Instance]-?: IsEvent<Name> extends true
    ? Instance[Name] extends (...args: never[]) => unknown ? Name : never
    : never;
}[keyof Instance];

/**
 * The names of a controller's methods that handle its own events.
 *
 * @typeParam Instance The type of the controller's instances.
 *
 * @category Type utilities
 */
export type EventMethod<Instance> = Exclude<OnMethod<Instance>, BuiltInMethod>;

/**
 * The type of the message parameter of a controller's method: the first one,
 * or the one after the `NSConn`; `unknown` if the method takes no message.
 *
 * @typeParam Method The type of the method.
 *
 * @category Type utilities
 */
export type MessageParameter<Method> = Method extends
  (first: infer First) => unknown
  ? First extends Message<infer _> ? First : unknown
  : Method extends (nsConn: infer _, msg: infer Second) => unknown ? Second
  : never;

/**
 * The schema for an event in the `static events` of a controller; `never` if
 * there is none, or if their names are unknown.
 *
 * @typeParam C The type of the class.
 * @typeParam Event The name of the event.
 *
 * @category Type utilities
 */
export type SchemaOf<C, Event> = C extends { readonly events: infer Schemas }
  ? string extends keyof Schemas ? never
  : Event extends keyof Schemas ? Schemas[Event]
  : never
  : never;

/**
 * The body that a method accepts.
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
 * The answer that a method gives; an error is no answer.
 *
 * @internal
 */
type GivenAnswer<R> = R extends Reply<infer T> ? Transmitted<T>
  : R extends Error ? never
  : Transmitted<R>;

/**
 * The type of a value at the other side: the same for a string and bytes,
 * else the type of its JSON.
 *
 * @typeParam T The type of the value.
 *
 * @category Type utilities
 */
export type Transmitted<T> = unknown extends T ? T
  : T extends string | Uint8Array ? T
  : T extends void ? undefined
  : Jsonified<T>;

/**
 * The type of a value after `JSON.stringify` and `JSON.parse`.
 *
 * @internal
 */
type Jsonified<T> = unknown extends T ? T
  : T extends { toJSON(): infer J } ? Jsonified<J>
  : T extends string | number | boolean | null ? T
  // Element by element, for recursive types such as that of JSON values.
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
 * The events of a controller, from its type alone: `EventsOf<typeof
 * ChatController>`.
 *
 * The body of an event is the input of its schema in `static events`, else the
 * `Body` of the method's `Message<Body>`, else anything; the answer is what
 * the method returns.
 *
 * @typeParam C The type of the class, or an interface of events, which is
 * returned as it is.
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
 *
 * @category Type utilities
 */
export type EventsOf<C extends object> = C extends
  abstract new (...args: never[]) => infer Instance ? {
    [Event in EventMethod<Instance>]: Instance[Event] extends
      (...args: never[]) => infer R ? (
        ...body: BodyArgs<AcceptedBody<Instance[Event], SchemaOf<C, Event>>>
      ) => GivenAnswer<Awaited<R>>
      : never;
  }
  // The error is that of `NamespaceOf`.
  : [InstanceMethod<C>] extends [never] ? C
  : AnyEvents;

/**
 * The methods that take a message: an interface of events has none.
 *
 * @internal
 */
type InstanceMethod<C> = {
  [Name in EventMethod<C>]: C[Name] extends (...args: infer Args) => unknown
    ? Args[number] extends infer Arg
      ? Arg extends Message<infer _> ? unknown extends Arg ? never : Name
      : never
    : never
    : never;
}[EventMethod<C>];

/**
 * The body that goes with a connect: that of the `Message<Body>` which the
 * `onNamespaceConnect` of the controller takes, else anything.
 *
 * @typeParam C The type of the class.
 *
 * @category Type utilities
 */
export type ConnectBodyOf<C> = C extends
  abstract new (...args: never[]) => infer Instance
  ? [keyof Instance & ConnectHook] extends [never] ? Body
  : MessageParameter<Instance[keyof Instance & ConnectHook]> extends
    Message<infer B> ? unknown extends B ? Body : B
  : Body
  : Body;

/**
 * The names of the hook that decides about a connect.
 *
 * @internal
 */
type ConnectHook = `${"_On" | "On" | "on"}NamespaceConnect`;

/**
 * The arguments of `connect` after the namespace: options, which may be left
 * out if the body may.
 *
 * @typeParam C The type of the other side's controller.
 *
 * @category Type utilities
 */
export type ConnectArgs<C> = undefined extends ConnectBodyOf<C>
  ? [options?: EntryOptions<ConnectBodyOf<C>>]
  : [
    options: EntryOptions<ConnectBodyOf<C>> & {
      body: NonNullable<EntryOptions<ConnectBodyOf<C>>["body"]>;
    },
  ];

/**
 * The namespace of a controller if its type has it, else `string`. For the type
 * of an instance it is a text that says what to write.
 *
 * @typeParam C The type of the class.
 *
 * @category Type utilities
 */
export type NamespaceOf<C> = C extends
  { readonly namespace: infer N; new (...args: never[]): unknown }
  ? N extends () => infer R ? R & string : N & string
  : C extends abstract new (...args: never[]) => unknown ? string
  : [InstanceMethod<C>] extends [never] ? string
  : "needs the type of the class: connect<typeof Controller>(...)";
