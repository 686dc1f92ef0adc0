/**
 * How controllers come to be when a connection enters their namespace.
 *
 * @module
 */

import { reportFault } from "../../neffos/internal.ts";
import { type Binding, Conn, NSConn, Struct } from "../../neffos/mod.ts";
import type { Container } from "../container/container.ts";
import { DependencyError } from "../container/graph.ts";
import type { Plan } from "../container/plan.ts";
import type { Scope } from "../container/scope.ts";
import type { Constructor, ServiceToken } from "../container/tokens.ts";
import { Context, findContext } from "../http/context.ts";

/** Makes controllers out of their classes, with services of a container. */
export class ControllerFactory {
  readonly #container: Container<ServiceToken>;
  /** Of each connection in a namespace, what its controllers share. */
  readonly #scopes = new WeakMap<NSConn, Scope>();

  constructor(container: Container<ServiceToken>) {
    this.#container = container;
  }

  /** Compiles a controller class; its services are checked at once. */
  structOf(Class: Constructor<object>): Struct {
    const plan = this.#container.compile(Class) as Plan<object>;
    const createOnce = this.#createOnce(plan);
    let isShared = true;
    return new Struct(Class, {
      get isShared() {
        return isShared = !plan.isScoped;
      },
      create: (nsConn) => {
        // The server calls its methods as they were when it was made.
        if (plan.isScoped === isShared) throw tooLate(plan.name);
        return isShared ? createOnce() : this.#createScoped(nsConn, plan);
      },
    });
  }

  async #createScoped(nsConn: NSConn, plan: Plan<object>): Promise<Binding> {
    const known = this.#scopes.get(nsConn);
    const scope = known ?? this.#container.createScope(this.#valuesOf(nsConn));
    if (known === undefined) this.#scopes.set(nsConn, scope);
    try {
      const instance = await plan.create(scope);
      // Bound first and disposed last, the first one sees to the scope.
      return known === undefined
        ? { instance, dispose: () => this.#leave(nsConn, scope) }
        : { instance };
    } catch (error) {
      if (known === undefined) await this.#abandon(nsConn, scope);
      throw error;
    }
  }

  async #leave(nsConn: NSConn, scope: Scope): Promise<void> {
    this.#scopes.delete(nsConn);
    await scope[Symbol.asyncDispose]();
  }

  /** Leaves for another reason, which must not be hidden by a new one. */
  async #abandon(nsConn: NSConn, scope: Scope): Promise<void> {
    try {
      await this.#leave(nsConn, scope);
    } catch (error) {
      const { conn, namespace } = nsConn;
      reportFault(conn, error, { namespace, event: "dispose" });
    }
  }

  /** Builds when the first connection comes; what fails is tried again. */
  #createOnce(plan: Plan<object>): () => Promise<Binding> {
    let binding: Promise<Binding> | undefined;
    return () => {
      binding ??= Promise.try(async () => ({ instance: await plan.create() }));
      binding.catch(() => binding = undefined);
      return binding;
    };
  }

  #valuesOf(nsConn: NSConn): Map<ServiceToken, unknown> {
    const { conn } = nsConn;
    const values = new Map<ServiceToken, unknown>([
      [NSConn, nsConn],
      [Conn, conn],
    ]);
    const context = findContext(conn);
    if (context !== undefined) values.set(Context, context);
    return values;
  }
}

function tooLate(name: string): DependencyError {
  return new DependencyError(
    `Cannot build "${name}": what was registered since its server was made decides anew whether connections share it; register before`,
    [name],
  );
}

/** Tells a class from an instance. */
export function isConstructor(value: object): value is Constructor<object> {
  return typeof value === "function";
}
