/**
 * {@linkcode Struct}: a controller, a class whose methods are events.
 *
 * @module
 */

import type { NSConn } from "../api/ns_conn.ts";
import { assertName, describe } from "../protocol/errors.ts";
import {
  beginsWith,
  findBuiltInEvent,
  handlerSource,
} from "../protocol/event_names.ts";
import type {
  Binding,
  HandlerSource,
  NamespaceSource,
  SourceHandler,
  Timeouts,
} from "./events.ts";
import { assertTimeouts, makeDuplicateError } from "./sources.ts";
import {
  listMethods,
  type Method,
  readMiddleware,
  readNamespace,
  readSchemas,
  validateBody,
} from "./members.ts";

/**
 * Finds the event that a method handles.
 *
 * @param name The name of the method.
 * @returns The name of the event on the wire, `undefined` if the method
 * handles none.
 *
 * @category Controllers
 */
export type EventMatcher = (name: string) => string | undefined;

/**
 * A class whose instances are controllers.
 *
 * @category Controllers
 */
export type ControllerClass = abstract new (...args: never[]) => object;

/**
 * Options of {@linkcode Struct}.
 *
 * @category Controllers
 */
export interface StructOptions {
  /**
   * Makes the instance for a connection that enters the namespace. An
   * exception refuses the connection.
   *
   * @default {`new Class(nsConn)`, for a class}
   */
  create?: ((nsConn: NSConn) => Binding | Promise<Binding>) | undefined;
  /**
   * Whether all connections share one instance, whose methods then take
   * `(nsConn, msg)`. Those of an instance for each connection take `(msg)`.
   *
   * @default {false} for a class, true for an instance
   */
  isShared?: boolean | undefined;
}

/**
 * A controller. Each method named `on…` or `On…`, where no lower-case letter
 * follows, handles the event of exactly its own name on the wire; `onNamespaceConnected`, `onRoomJoin`, `onAnyEvent` and so
 * on handle the built-in events.
 *
 * The class may have `static use`, an array of {@linkcode EventMiddleware}
 * that runs around its events, and `static events`, an object of Standard
 * Schema validators by the names of methods: a body is validated before the
 * method is called, whose `msg.json()` then returns the output of the schema. An
 * error frame, by which the peer refuses an event, has no body and does not reach
 * such a method; middleware sees its `msg.error`.
 * An object without a class has them as its own fields, `use` and `events`.
 *
 * A class is instantiated for each connection in the namespace, and its
 * methods take `(msg)`. An instance is shared by all connections, and its
 * methods take `(nsConn, msg)`.
 *
 * @example
 * ```ts
 * import { denoUpgrader, type Message, NSConn, Server, Struct } from "@neffos/mvc";
 *
 * class Counter {
 *   static readonly namespace = "counter";
 *   #count = 0;
 *   constructor(readonly nsConn: NSConn) {}
 *   onAdd(msg: Message) {
 *     return this.#count += msg.json<number>();
 *   }
 * }
 *
 * const server = new Server(denoUpgrader(), new Struct(Counter));
 * await server.close();
 * ```
 *
 * @category Controllers
 */
export class Struct implements HandlerSource {
  readonly #controller: object;
  readonly #name: string;
  readonly #options: StructOptions;
  readonly #create:
    | ((nsConn: NSConn) => Binding | Promise<Binding>)
    | undefined;
  #namespace: string | undefined;
  #matcher: EventMatcher = eventPrefixMatcher("on");
  #timeouts: Timeouts | undefined;
  #isInUse = false;

  /**
   * Makes a controller of a class or an object.
   *
   * @param controller The class or the object.
   * @param options The options.
   * @throws {TypeError} When it is neither, or has a namespace that is no string.
   */
  constructor(
    controller: ControllerClass | object,
    options: StructOptions = {},
  ) {
    const isClass = typeof controller === "function";
    if (!isClass && (typeof controller !== "object" || controller === null)) {
      throw new TypeError(
        `Cannot make a controller of ${
          describe(controller)
        }: it must be a class or an object`,
      );
    }
    this.#controller = controller;
    const Class = isClass ? controller : controller.constructor;
    const name = this.#name = Class?.name || "(unnamed)";
    this.#options = options;
    this.#create = options.create ??
      (isClass
        ? (nsConn) => makeBinding(Reflect.construct(controller, [nsConn]))
        : undefined);
    this.#namespace = readNamespace(controller, name);
  }

  /**
   * Sets the namespace.
   *
   * @param namespace The name of the namespace.
   * @returns This.
   * @throws {TypeError} When the controller has another one, the name is no
   * string or has a lone surrogate, or a server or client was made of it already.
   */
  setNamespace(namespace: string): this {
    this.#assertOpen("set the namespace");
    assertName("namespace", namespace);
    if (this.#namespace !== undefined && this.#namespace !== namespace) {
      throw new TypeError(
        `Cannot set the namespace of ${this.#name} to "${namespace}": it is "${this.#namespace}" already`,
      );
    }
    this.#namespace = namespace;
    return this;
  }

  /**
   * Changes which methods handle events, and the names of those. The methods
   * for built-in events stay as they are.
   *
   * @param matcher Finds the event that a method handles.
   * @returns This.
   * @throws {TypeError} When it is no function, or a server or client was made
   * of the controller already.
   */
  setEventMatcher(matcher: EventMatcher): this {
    this.#assertOpen("set the event matcher");
    if (typeof matcher !== "function") {
      throw new TypeError(
        `Cannot set the event matcher of ${this.#name} to ${
          describe(matcher)
        }: it must be a function`,
      );
    }
    this.#matcher = matcher;
    return this;
  }

  /**
   * Sets time limits for connections in the namespace.
   *
   * @param timeouts The limits.
   * @returns This.
   * @throws {RangeError} When a limit is not a positive number.
   * @throws {TypeError} When a server or client was made of it already.
   */
  setTimeouts(timeouts: Timeouts): this {
    this.#assertOpen("set the timeouts");
    assertTimeouts(timeouts);
    this.#timeouts = timeouts;
    return this;
  }

  /**
   * Returns the handlers, for the server or client that is being made.
   *
   * @returns The handlers, as one source.
   * @throws {TypeError} When two methods handle the same event.
   */
  [handlerSource](): NamespaceSource[] {
    this.#isInUse = true;
    const name = this.#name;
    const controller = this.#controller;
    const { create, isShared = typeof controller !== "function" } =
      this.#options;
    const schemas = readSchemas(controller);
    const handlers = new Map<string, SourceHandler>();
    const methods = new Map<string, string>();
    for (const [key, method] of listMethods(controller)) {
      const event = findBuiltInEvent(key) ?? this.#matcher(key);
      if (event === undefined) continue;
      if (handlers.has(event)) {
        throw makeDuplicateError(this.#namespace ?? "", event, [
          `${name}.${methods.get(event)}`,
          `${name}.${key}`,
        ]);
      }
      methods.set(event, key);
      const handler = this.#makeHandler(method, isShared);
      handlers.set(
        event,
        Object.hasOwn(schemas, key)
          ? validateBody(handler, schemas[key]!)
          : handler,
      );
    }
    return [{
      namespace: this.#namespace ?? "",
      name,
      controller,
      handlers,
      methods,
      isShared,
      isInjected: create !== undefined,
      bind: this.#create,
      timeouts: this.#timeouts,
      use: readMiddleware(controller),
    }];
  }

  #assertOpen(action: string): void {
    if (!this.#isInUse) return;
    throw new TypeError(
      `Cannot ${action} of ${this.#name}: a server or client was already made of it`,
    );
  }

  #makeHandler(method: Method, isShared: boolean): SourceHandler {
    if (!isShared) return (_, msg, instance) => method.call(instance, msg);
    const own = this.#create ? undefined : this.#controller;
    return (nsConn, msg, instance) => method.call(own ?? instance, nsConn, msg);
  }
}

/**
 * Makes a matcher for methods with a prefix, which handle the event of their
 * whole name. The first letter of the prefix may be in upper or lower case. A
 * prefix that ends with a letter must end a word: `on` is one of `onChat`, not
 * of `online`.
 *
 * @param prefix The prefix, such as `on`.
 * @returns The matcher, for `setEventMatcher`.
 *
 * @example
 * ```ts
 * import { eventPrefixMatcher, Struct } from "@neffos/mvc";
 *
 * class ChatController {
 *   handleChat() {} // the event "handleChat"
 * }
 *
 * new Struct(ChatController).setEventMatcher(eventPrefixMatcher("handle"));
 * ```
 *
 * @category Controllers
 */
export function eventPrefixMatcher(prefix: string): EventMatcher {
  return (name) => beginsWith(name, prefix) ? name : undefined;
}

/**
 * Makes a matcher for methods with a prefix, which handle the event of their
 * name without it: with `on`, `onChat` handles the event `Chat`.
 *
 * @param prefix The prefix, such as `on`.
 * @returns The matcher, for `setEventMatcher`.
 *
 * @example
 * ```ts
 * import { eventTrimPrefixMatcher, Struct } from "@neffos/mvc";
 *
 * class ChatController {
 *   onChat() {} // the event "Chat"
 * }
 *
 * new Struct(ChatController).setEventMatcher(eventTrimPrefixMatcher("on"));
 * ```
 *
 * @category Controllers
 */
export function eventTrimPrefixMatcher(prefix: string): EventMatcher {
  return (name) =>
    beginsWith(name, prefix) ? name.slice(prefix.length) : undefined;
}

/**
 * Makes a binding that disposes its instance.
 *
 * @param instance The instance.
 * @returns The binding.
 */
export function makeBinding(instance: object): Binding {
  const disposable = instance as Partial<Disposable & AsyncDisposable>;
  const dispose = disposable[Symbol.asyncDispose] ?? disposable[Symbol.dispose];
  return { instance, dispose: dispose?.bind(instance) };
}
