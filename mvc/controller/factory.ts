/**
 * How websocket controllers are built when a connection enters their
 * namespace.
 *
 * @module
 */

import { callAsync, reportFault } from "../../neffos/internal.ts";
import {
  type Binding,
  Conn,
  type EventMatcher,
  handlerSource,
  type NamespaceSource,
  NSConn,
  Struct,
  type StructOptions,
} from "../../neffos/mod.ts";
import type { Container } from "../container/container.ts";
import { DependencyError } from "../container/graph.ts";
import type { Plan } from "../container/plan.ts";
import type { Scope, ScopeValues } from "../container/scope.ts";
import { isConstructor, type ServiceToken } from "../container/tokens.ts";
import { Context, findContext } from "../http/context.ts";

/** A controller of an application, whose events can be read at any time. */
export class ReadableStruct extends Struct {
  readonly #create: () => Struct;
  readonly #settings: ((struct: Struct) => void)[] = [];
  /** The events that a server was made of. */
  #sources: NamespaceSource[] | undefined;

  constructor(controller: object, options?: StructOptions) {
    super(controller, options);
    this.#create = () => new Struct(controller, options);
  }

  override setNamespace(namespace: string): this {
    super.setNamespace(namespace);
    this.#settings.push((struct) => struct.setNamespace(namespace));
    return this;
  }

  override setEventMatcher(matcher: EventMatcher): this {
    super.setEventMatcher(matcher);
    this.#settings.push((struct) => struct.setEventMatcher(matcher));
    return this;
  }

  override [handlerSource](): NamespaceSource[] {
    return this.#sources = super[handlerSource]();
  }

  /**
   * Reads the events. Before a server is made of them, those of a copy: this one
   * can still be set otherwise.
   */
  read(): NamespaceSource[] {
    if (this.#sources !== undefined) return this.#sources;
    const copy = this.#create();
    for (const set of this.#settings) set(copy);
    return copy[handlerSource]();
  }
}

/** Builds controllers from their classes, with services of a container. */
export class ControllerFactory {
  readonly #container: Container<ServiceToken>;
  /** The scope that the controllers of a connection in a namespace share. */
  readonly #scopes = new WeakMap<NSConn, Scope>();

  constructor(container: Container<ServiceToken>) {
    this.#container = container;
  }

  /**
   * Compiles a controller: a class, or an instance that all connections share.
   *
   * @throws {TypeError} If its `static inject` does not fit its constructor.
   * @throws {DependencyError} If one of its services cannot be built.
   */
  createStruct(controller: object): ReadableStruct {
    if (!isConstructor(controller)) return new ReadableStruct(controller);
    const plan = this.#container.compile(controller) as Plan<object>;
    const createOnce = this.#createOnce(plan);
    let isShared = true;
    return new ReadableStruct(controller, {
      get isShared() {
        return isShared = !plan.isScoped;
      },
      create: (nsConn) => {
        // The server has compiled calls with or without the argument nsConn.
        if (plan.isScoped === isShared) throw createLateError(plan.name);
        return isShared ? createOnce() : this.#createScoped(nsConn, plan);
      },
    });
  }

  async #createScoped(nsConn: NSConn, plan: Plan<object>): Promise<Binding> {
    const last = this.#scopes.get(nsConn);
    const known = last?.isDisposed ? undefined : last;
    const scope = known ??
      this.#container.createScope(new ConnValues(nsConn));
    if (known === undefined) this.#scopes.set(nsConn, scope);
    try {
      const instance = await plan.create(scope);
      // Bindings are disposed in reverse order, so the first one, which is
      // disposed last, disposes the scope.
      return known === undefined
        ? new ScopeBinding(instance, scope)
        : { instance };
    } catch (error) {
      if (known === undefined) await this.#abandon(nsConn, scope);
      throw error;
    }
  }

  /** Disposes after a failed build: an error must not mask the first one. */
  async #abandon(nsConn: NSConn, scope: Scope): Promise<void> {
    try {
      await scope[Symbol.asyncDispose]();
    } catch (error) {
      const { conn, namespace } = nsConn;
      reportFault(conn, error, { namespace, event: "dispose" });
    }
  }

  /** Builds with the first connection; a failed build is tried again. */
  #createOnce(plan: Plan<object>): () => Promise<Binding> {
    let binding: Promise<Binding> | undefined;
    return () => {
      binding ??= callAsync(async () => ({ instance: await plan.create() }));
      binding.catch(() => binding = undefined);
      return binding;
    };
  }
}

/** A controller whose end is that of its scope; a closure would take more. */
class ScopeBinding implements Binding {
  readonly instance: object;
  readonly #scope: Scope;

  constructor(instance: object, scope: Scope) {
    this.instance = instance;
    this.#scope = scope;
  }

  async dispose(): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/**
 * The services that a connection in a namespace provides. A Map of them would
 * take 280 bytes of each connection.
 */
class ConnValues implements ScopeValues {
  readonly #nsConn: NSConn;

  constructor(nsConn: NSConn) {
    this.#nsConn = nsConn;
  }

  get(token: ServiceToken): unknown {
    switch (token) {
      case NSConn:
        return this.#nsConn;
      case Conn:
        return this.#nsConn.conn;
      case Context:
        return findContext(this.#nsConn.conn);
      default:
        return undefined;
    }
  }

  has(token: ServiceToken): boolean {
    return this.get(token) !== undefined;
  }
}

function createLateError(name: string): DependencyError {
  return new DependencyError(
    `Cannot build "${name}": a registration after its server was made changes whether connections share it; register before`,
    [name],
  );
}
