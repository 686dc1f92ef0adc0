/**
 * {@linkcode Struct}: a controller, a class whose methods are events,
 * compiled once into the event map of its namespace.
 *
 * @module
 */

import type { NSConn } from "../api/ns_conn.ts";
import { findBuiltInEvent } from "../protocol/event_names.ts";
import {
  type Binding,
  type EventMiddleware,
  type HandlerSource,
  handlerSource,
  type NamespaceSource,
  type SourceHandler,
  type Timeouts,
} from "./events.ts";
import { type Method, methodsOf, namespaceOf } from "./members.ts";
import { middlewareOf } from "./middleware.ts";
import { assertTimeouts, sourceHandler } from "./sources.ts";
import { type Schemas, schemasOf, validateFor } from "./validation.ts";

/**
 * Says which event a method handles.
 *
 * @param name The name of the method.
 * @returns The name of the event on the wire, `undefined` for a method that
 * is no event.
 */
export type EventMatcher = (name: string) => string | undefined;

/** A class whose instances are controllers. */
export type ControllerClass = abstract new (...args: never[]) => object;

/** Options of {@linkcode Struct}. */
export interface StructOptions {
  /**
   * Makes the object whose methods are called, when a connection enters the
   * namespace. What it throws refuses the connection there.
   *
   * @default `new Class(nsConn)` for a class
   */
  create?: ((nsConn: NSConn) => Binding | Promise<Binding>) | undefined;
  /**
   * All connections share one object: its methods take `(nsConn, msg)`. Where
   * each connection has its own, they take `(msg)`.
   *
   * @default {false} for a class, true for an instance
   */
  isShared?: boolean | undefined;
}

/**
 * A controller: its methods named `on…` are the events of a namespace, under
 * exactly their own name; built-in events (`onNamespaceConnected`,
 * `onRoomJoin`, `onAnyEvent` and so on) under that of the protocol.
 *
 * The class may have `static use`, an array of {@linkcode EventMiddleware}
 * that runs around its events, and `static events`, an object of Standard
 * Schema validators by the names of methods: the body of a message must be
 * accepted before the method is called, whose `msg.json()` then gives what
 * the validator made of it. An object that is of no class has them as its own
 * fields, `use` and `events`.
 *
 * A class is instantiated for each connection in the namespace and its
 * methods take `(msg)`; an instance is shared by all of them and its methods
 * take `(nsConn, msg)`.
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
 */
export class Struct implements HandlerSource {
  readonly #controller: object;
  readonly #name: string;
  readonly #options: StructOptions;
  readonly #use: readonly EventMiddleware[];
  readonly #schemas: Schemas;
  readonly #create:
    | ((nsConn: NSConn) => Binding | Promise<Binding>)
    | undefined;
  #namespace: string | undefined;
  #matcher: EventMatcher = eventPrefixMatcher("on");
  #timeouts: Timeouts | undefined;

  /**
   * Makes a controller of a class or of an object.
   *
   * @param controller The class, or the object.
   * @param options The options.
   * @throws {TypeError} When it is neither, has no methods, says differently
   * what its namespace is, or its `static use` or `static events` are not what
   * they should be.
   */
  constructor(
    controller: ControllerClass | object,
    options: StructOptions = {},
  ) {
    const isClass = typeof controller === "function";
    if (!isClass && (typeof controller !== "object" || controller === null)) {
      throw new TypeError(
        `Cannot make a controller of ${
          controller === null ? "null" : `a ${typeof controller}`
        }: it must be a class or an object`,
      );
    }
    this.#controller = controller;
    const Class = isClass ? controller : controller.constructor;
    this.#name = Class?.name || "(unnamed)";
    this.#options = options;
    this.#create = options.create ?? (isClass
      ? (nsConn) =>
        bindingOf(
          Reflect.construct(controller as ControllerClass, [nsConn]),
        )
      : undefined);
    this.#namespace = namespaceOf(controller, this.#name);
    this.#use = middlewareOf(controller, this.#name);
    this.#schemas = schemasOf(controller, this.#name);
    const methods = methodsOf(controller);
    for (const name of Object.keys(this.#schemas)) {
      if (methods.has(name) && findBuiltInEvent(name) === undefined) continue;
      throw new TypeError(
        `Cannot validate event "${name}" of ${this.#name}: its static events should name methods that handle events of its own`,
      );
    }
    if (methods.size === 0) {
      throw new TypeError(
        `Cannot handle events with ${this.#name}: it has no methods, name one like its event, for instance onChat`,
      );
    }
  }

  /**
   * Sets the namespace.
   *
   * @param namespace The name of the namespace.
   * @returns This.
   * @throws {TypeError} When the controller itself says otherwise.
   */
  setNamespace(namespace: string): this {
    if (this.#namespace !== undefined && this.#namespace !== namespace) {
      throw new TypeError(
        `Cannot set the namespace of ${this.#name} to "${namespace}": it is "${this.#namespace}" already`,
      );
    }
    this.#namespace = namespace;
    return this;
  }

  /**
   * Changes which methods are events, and under which name. The built-in
   * events stay as they are.
   *
   * @param matcher Says which event a method handles.
   * @returns This.
   */
  setEventMatcher(matcher: EventMatcher): this {
    this.#matcher = matcher;
    return this;
  }

  /**
   * Sets time limits for connections in the namespace.
   *
   * @param timeouts The limits.
   * @returns This.
   * @throws {RangeError} When a limit is not a positive number.
   */
  setTimeouts(timeouts: Timeouts): this {
    assertTimeouts(timeouts);
    this.#timeouts = timeouts;
    return this;
  }

  /**
   * Gives the handlers, to the server or client that is made of it.
   *
   * @returns The handlers.
   * @throws {TypeError} When no method is an event, two methods are the same
   * event, or a method takes too many arguments.
   */
  [handlerSource](): NamespaceSource[] {
    const handlers = new Map<string, SourceHandler>();
    const methods = methodsOf(this.#controller);
    for (const [name, method] of methods) {
      const event = findBuiltInEvent(name) ?? this.#matcher(name);
      if (event === undefined) continue;
      this.#assertSignature(name, method);
      if (handlers.has(event)) {
        throw new TypeError(
          `Cannot handle event "${event}" with ${this.#name}.${name}: another of its methods handles it`,
        );
      }
      const handler = this.#handlerOf(method);
      const schema = Object.hasOwn(this.#schemas, name)
        ? this.#schemas[name]
        : undefined;
      handlers.set(event, schema ? validateFor(handler, schema) : handler);
    }
    if (handlers.size === 0) {
      throw new TypeError(
        `Cannot handle events with ${this.#name}: none of its methods (${
          [...methods.keys()].join(", ")
        }) is an event, name one like its event, for instance onChat`,
      );
    }
    return [{
      namespace: this.#namespace ?? "",
      name: this.#name,
      handlers,
      bind: this.#create && this.#bindChecked(this.#create),
      timeouts: this.#timeouts,
      use: this.#use,
    }];
  }

  /** Asked when a server is made, since services may change until then. */
  get #isShared(): boolean {
    return this.#options.isShared ?? typeof this.#controller !== "function";
  }

  #assertSignature(name: string, method: Method): void {
    const isShared = this.#isShared;
    const most = isShared ? 2 : 1;
    if (method.length <= most) return;
    throw new TypeError(
      isShared
        ? `Cannot handle an event with ${this.#name}.${name}: it takes ${method.length} arguments, and must take (nsConn, msg)`
        : `Cannot handle an event with ${this.#name}.${name}: it takes ${method.length} arguments, and must take (msg), since each connection has its own ${this.#name}`,
    );
  }

  #handlerOf(method: Method): SourceHandler {
    const controller = this.#controller;
    if (!this.#isShared) {
      return sourceHandler(
        method,
        (_, msg, instance) => method.call(instance, msg),
      );
    }
    return this.#create
      ? sourceHandler(
        method,
        (nsConn, msg, instance) => method.call(instance, nsConn, msg),
      )
      : sourceHandler(
        method,
        (nsConn, msg) => method.call(controller, nsConn, msg),
      );
  }

  /** Looks once whether an instance has events that its class has not. */
  #bindChecked(
    create: (nsConn: NSConn) => Binding | Promise<Binding>,
  ): (nsConn: NSConn) => Promise<Binding> {
    let isChecked = false;
    const check = (binding: Binding): Binding => {
      if (isChecked) return binding;
      for (const [key, value] of Object.entries(binding.instance)) {
        if (typeof value === "function" && /^[oO]n[A-Z]/.test(key)) {
          throw new TypeError(
            `Cannot handle events with ${this.#name}.${key}: it is a field, write it as a method`,
          );
        }
      }
      isChecked = true;
      return binding;
    };
    return async (nsConn) => {
      const binding = await create(nsConn);
      try {
        return check(binding);
      } catch (error) {
        await binding.dispose?.();
        throw error;
      }
    };
  }
}

/**
 * Makes a matcher: methods with a prefix are events, under their whole name.
 * Upper and lower case of the prefix's first letter are the same.
 *
 * @param prefix The prefix, such as `on`.
 * @returns The matcher, for `setEventMatcher`.
 */
export function eventPrefixMatcher(prefix: string): EventMatcher {
  return (name) => startsWithPrefix(name, prefix) ? name : undefined;
}

/**
 * Makes a matcher: methods with a prefix are events, under their name without
 * the prefix: with `on`, `onChat` handles the event `Chat`.
 *
 * @param prefix The prefix, such as `on`.
 * @returns The matcher, for `setEventMatcher`.
 */
export function eventTrimPrefixMatcher(prefix: string): EventMatcher {
  return (name) =>
    startsWithPrefix(name, prefix) ? name.slice(prefix.length) : undefined;
}

/**
 * Makes the binding of an object: disposing of the one disposes of the other.
 *
 * @param instance The object.
 * @returns The binding.
 */
export function bindingOf(instance: object): Binding {
  const disposable = instance as Partial<Disposable & AsyncDisposable>;
  const dispose = disposable[Symbol.asyncDispose] ?? disposable[Symbol.dispose];
  return { instance, dispose: dispose?.bind(instance) };
}

function startsWithPrefix(name: string, prefix: string): boolean {
  if (name.length <= prefix.length) return false;
  const start = name.slice(0, prefix.length);
  return start.slice(1) === prefix.slice(1) &&
    start.charAt(0).toLowerCase() === prefix.charAt(0).toLowerCase();
}
