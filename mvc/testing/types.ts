/**
 * The types of the test kit: what a controller sends, and what may be tested.
 *
 * @module
 */

import type { Application } from "../application.ts";
import type { Party } from "../router/party.ts";
import type {
  AnyEvents,
  BodyOf,
  ConnectBodyOf,
  HandlersOf,
  Message,
  NamespaceOf,
  NSConn,
  Server,
  Transmitted,
} from "../../neffos/mod.ts";

/**
 * A handler of requests, as `Deno.serve` takes it: that of a router, or of
 * another framework.
 *
 * @param request The request.
 * @param info The address of the client.
 * @returns The response.
 * @category Testing
 */
export type FetchHandler = (
  request: Request,
  info: Deno.ServeHandlerInfo,
) => Response | Promise<Response>;

/**
 * What answers a request of a test: an application, a router or a party of one,
 * or another handler of requests.
 * @category Testing
 */
export type RequestTarget = Application | Party | FetchHandler;

/**
 * What a test client connects to; a server needs no route.
 *
 * @category Testing
 */
export type TestTarget = RequestTarget | Server;

/**
 * A namespace as a test names it: the class that handles it, or its name.
 *
 * @typeParam C The type of the controller, or of the name.
 * @category Type utilities
 */
export type EntryOf<C> = C extends abstract new (...args: never[]) => unknown
  ? C | NamespaceOf<C>
  : C extends string ? C
  : string;

/**
 * The events that a controller sends to its clients: those of the `NSConn` that
 * its constructor or its methods take. Any events where their types are unknown.
 *
 * @typeParam C The type of the class.
 *
 * @example
 * ```ts
 * import { NSConn } from "@neffos/mvc";
 * import type { EmitsOf } from "@neffos/mvc/testing";
 *
 * class ChatController {
 *   static readonly inject = [NSConn] as const;
 *   constructor(readonly nsConn: NSConn<{ onChat: string }>) {}
 *   onSay() {
 *     this.nsConn.emit("onChat", "hello");
 *   }
 * }
 *
 * const sent: keyof EmitsOf<typeof ChatController> = "onChat";
 * ```
 * @category Testing
 */
export type EmitsOf<C> = C extends
  abstract new (...args: infer Args) => infer Instance
  ? OrAny<Merged<SentByConstructor<Args> | SentByMethods<Instance>>>
  : AnyEvents;

/**
 * The events of a connection, in a tuple, so that a union of them can be told
 * from one of their unions.
 *
 * @internal
 */
type SentThrough<T> = unknown extends T ? never
  : T extends NSConn<infer Emits> ? [Emits]
  : never;

/**
 * The events of the connections that a constructor takes.
 *
 * @internal
 */
type SentByConstructor<Args extends readonly unknown[]> = {
  [I in keyof Args]: SentThrough<Args[I]>;
}[number];

/**
 * The events of the connections that the methods for events take.
 *
 * @internal
 */
type SentByMethods<Instance> = {
  [Name in keyof Instance]: Name extends `${"on" | "On" | "_On"}${string}`
    ? Instance[Name] extends (first: infer First, ...rest: never[]) => unknown
      ? SentThrough<First>
    : never
    : never;
}[keyof Instance];

/**
 * The events of several connections together.
 *
 * @internal
 */
type Merged<Boxes> =
  (Boxes extends [infer Emits] ? (emits: Emits) => void : never) extends
    (emits: infer All) => void ? All : never;

/**
 * The events, or any where there are none.
 *
 * @internal
 */
type OrAny<Emits> = unknown extends Emits ? AnyEvents
  : Emits extends object ? Emits
  : AnyEvents;

/**
 * A message that a test client has received, with the body of its event.
 *
 * @typeParam Receives The events that the server sends.
 * @typeParam Event The name of the event.
 * @category Testing
 */
export type ReceivedMessage<
  Receives extends object,
  Event extends keyof Receives,
> = string extends keyof Receives ? Message
  : Message<Transmitted<BodyOf<Receives, Event>>>;

/**
 * What a request of a test says of its client.
 *
 * @category Testing
 */
export interface TestRequestOptions {
  /**
   * The headers.
   *
   * @default {{}}
   */
  headers?: HeadersInit | undefined;
  /**
   * The cookies by name, or a response that has set them; one that it has
   * deleted is not sent.
   *
   * @default {{}}
   */
  cookies?: Readonly<Record<string, string>> | Response | undefined;
  /**
   * The parameters of the query, besides those of the path; a list for one that
   * comes several times.
   *
   * @default {{}}
   */
  query?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /**
   * The IP address of the client.
   *
   * @default {"127.0.0.1"}
   */
  address?: string | undefined;
}

/**
 * Options of {@linkcode TestClient.connect}: how a namespace is connected.
 *
 * @typeParam C The type of the server's controller.
 * @category Testing
 */
export interface TestEntryOptions<C = AnyEvents> {
  /**
   * The namespace, where the class does not say it.
   *
   * @default {the `static namespace` of the controller, or the empty one}
   */
  namespace?: string | undefined;
  /**
   * The client's own handlers: their results answer what the server asks. What
   * is received is recorded with and without them.
   *
   * @default {{}}
   */
  handlers?: HandlersOf<EmitsOf<C>> | undefined;
  /**
   * A body for the hooks of the server, such as credentials.
   *
   * @default {undefined} no body
   */
  body?: ConnectBodyOf<C> | undefined;
}

/**
 * Options of {@linkcode connectTest}.
 *
 * @typeParam C The type of the server's controller.
 * @category Testing
 */
export interface ConnectTestOptions<C = AnyEvents>
  extends TestRequestOptions, TestEntryOptions<C> {
  /**
   * The path of the route, or a whole URL.
   *
   * @default {the path of the only websocket route}
   */
  path?: string | undefined;
  /**
   * The origin of the page that connects, as browsers send it.
   *
   * @default {undefined} none, as of a program
   */
  origin?: string | undefined;
  /**
   * The subprotocols that the client offers.
   *
   * @default {[]}
   */
  protocols?: readonly string[] | undefined;
  /**
   * For how many milliseconds the client waits for handlers that wait for
   * something outside, such as a database. Nothing else takes time.
   *
   * @default {5_000}
   */
  timeout?: number | undefined;
}

/**
 * The options as an argument, which may be left out where the server takes a
 * connect without a body.
 *
 * @typeParam C The type of the server's controller.
 * @typeParam Options The type of the options.
 * @category Type utilities
 */
export type WithBody<C, Options> = undefined extends ConnectBodyOf<C>
  ? [options?: Options]
  : [options: Options & { body: ConnectBodyOf<C> }];
