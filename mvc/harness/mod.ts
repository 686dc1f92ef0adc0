import type { StandardSchemaV1 } from "../../neffos/mod.ts";
import { Application } from "../application.ts";
import { Router } from "../router/router.ts";
import { request } from "../testing/mod.ts";

/** A router without a port, whose faults are recorded. */
export class Routed {
  readonly router: Router;
  readonly app: Application;
  readonly faults: unknown[] = [];
  #waiting: (() => void)[] = [];

  constructor(party = "/") {
    this.router = new Router({
      onError: (error) => {
        this.faults.push(error);
        for (const resolve of this.#waiting.splice(0)) resolve();
      },
    });
    this.app = new Application(this.router.party(party));
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return request(this.router, path, init);
  }

  /** Sends a request and returns the status and the text of the response. */
  async ask(path: string, init?: RequestInit): Promise<string> {
    const response = await this.fetch(path, init);
    return `${response.status} ${await response.text()}`.trimEnd();
  }

  /** Waits until a fault is reported. */
  async fault(): Promise<unknown> {
    if (this.faults.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
    return this.faults[0];
  }
}

/** A router that listens on a free port. */
export class Listening extends Routed implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.HttpServer<Deno.NetAddr>;

  constructor(party?: string) {
    super(party);
    this.#listener = Deno.serve(
      {
        port: 0,
        hostname: "127.0.0.1",
        onListen() {},
        // By default it would print errors of streams.
        onError: () => new Response(null, { status: 500 }),
      },
      this.router.handler,
    );
    this.port = this.#listener.addr.port;
  }

  override fetch(
    path: string,
    init?: RequestInit,
  ): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init);
  }

  /** Sends bytes as they are; the caller closes the connection. */
  async connect(text: string): Promise<Deno.TcpConn> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    await conn.write(new TextEncoder().encode(text));
    return conn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.shutdown();
  }
}

/** Makes a schema of a function that returns a value or throws issues. */
export function makeSchema<T>(
  read: (value: unknown) => T | Promise<T>,
): StandardSchemaV1<unknown, T> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: async (value) => {
        try {
          return { value: await read(value) };
        } catch (issues) {
          if (!Array.isArray(issues)) throw issues;
          return { issues };
        }
      },
    },
  };
}

/** Makes a schema of objects with a string under a key. */
export function withString<K extends string>(
  key: K,
): StandardSchemaV1<unknown, Record<K, string>> {
  return makeSchema((value) => {
    const found = (value as Record<string, unknown>)?.[key];
    if (typeof found === "string") return value as Record<K, string>;
    throw [{ path: [{ key: "at" }, key], message: "must be a string" }];
  });
}
