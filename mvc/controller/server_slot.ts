/**
 * The server that the controllers and services of an application inject.
 *
 * @module
 */

import { Server } from "../../neffos/mod.ts";
import type { Container } from "../container/container.ts";
import type { ServiceToken } from "../container/tokens.ts";

/** Registers the server of an application, once there is one. */
export class ServerSlot {
  readonly #container: Container<ServiceToken>;
  readonly #parent: ServerSlot | undefined;
  #own: Server | undefined;
  /** The last server that a child application lent to this one. */
  #lent: Server | undefined;

  /**
   * Makes the slot of an application.
   *
   * @param container The container of the application.
   * @param parent The slot of its parent.
   */
  constructor(container: Container<ServiceToken>, parent?: ServerSlot) {
    this.#container = container;
    this.#parent = parent;
    // A child has the server of its parent, until it has one of its own.
    if (parent === undefined) {
      container.singleton(Server, [], failWithoutServer);
    }
  }

  /** The server whose handler the application is. */
  get own(): Server | undefined {
    return this.#own;
  }

  /**
   * Takes the server whose handler the application is.
   *
   * @throws {TypeError} If there is another one.
   * @throws {DependencyError} If a service already injects another one.
   */
  fill(server: Server): void {
    if (this.#own !== undefined && this.#own !== server) {
      throw new TypeError(
        "Cannot make a second server of this application: its controllers inject the first one; make an application for each server",
      );
    }
    this.#own = server;
    this.#container.register(Server, server);
    // The singletons of the parents may inject the server as well.
    for (let each = this.#parent; each; each = each.#parent) each.#lend(server);
  }

  /** Takes the server of a child application, unless there are several. */
  #lend(server: Server): void {
    if (this.#own !== undefined || this.#lent === server) return;
    if (this.#lent === undefined) this.#container.register(Server, server);
    else this.#container.singleton(Server, [], failBetweenServers);
    this.#lent = server;
  }
}

function failWithoutServer(): never {
  throw new TypeError(
    "Cannot inject the Server: no server has this application as its handler",
  );
}

function failBetweenServers(): never {
  throw new TypeError(
    "Cannot inject the Server: several servers have child applications of this one as their handlers, and what these share must not depend on one of them",
  );
}
