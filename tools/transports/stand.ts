import {
  type ConnHandler,
  Router,
  Server,
  websocketHandler,
} from "../../mod.ts";
import type {
  Client,
  DialOptions,
  Middleware,
  ServerOptions,
  Upgrader,
} from "../../mod.ts";
import { dial } from "../../mod.ts";

/** What a transport can do beyond the least. */
export type Ability =
  /** There is a network in between, and HTTP. */
  | "network"
  /** It ends a socket at once, whatever waits to be sent. */
  | "terminate"
  /** It stops reading. */
  | "pause"
  /** It ends a message that is too large before all of it has come. */
  | "early limit"
  /** It compresses messages. */
  | "compression"
  /** It takes frames that come before the response to the handshake. */
  | "early frames"
  /** It sends the head of a response before anything of its body is there. */
  | "early head"
  /** It reads the host of a target that is a whole URL. */
  | "whole targets"
  /** It passes over trailers. */
  | "trailers"
  /** It passes over a body that the handler has not read. */
  | "skip"
  /** It sends 100 once the body is read, and not before. */
  | "continue";

/** What a test wants of a server. */
export interface StandOptions {
  /** What handles its events. */
  readonly handler?: ConnHandler;
  /** Its options. */
  readonly options?: ServerOptions;
  /** The idle timeout of the transport, in seconds. */
  readonly idleTimeout?: number;
  /** Middleware around the endpoint. */
  readonly middleware?: Middleware;
  /** Adds routes. */
  readonly mount?: (router: Router) => void;
  /** Whether messages are compressed, where the transport can. */
  readonly isCompressed?: boolean;
}

/** A listener on a free port of 127.0.0.1. */
export interface Listener {
  readonly port: number;
  /** Resolves when it has ended, with its connections. */
  stop(): Promise<void>;
}

/** A transport under test. */
export interface Transport {
  /** Its name. */
  readonly name: string;
  /** What it can. */
  readonly abilities: ReadonlySet<Ability>;
  /** Options of every dial to it. */
  readonly dialOptions?: DialOptions;
  /** Starts a server. */
  start(options: StandOptions): Promise<Stand>;
}

/** A server under test, with its clients. */
export class Stand implements AsyncDisposable {
  /** The neffos server. */
  readonly server: Server;
  /** Its faults; a test that expects none need not look. */
  readonly errors: unknown[] = [];
  readonly router = new Router();
  #listener: Listener | undefined;
  readonly #dialOptions: () => DialOptions;
  readonly #clients: Client[] = [];

  constructor(
    upgrader: Upgrader,
    { handler = { chat: {} }, options, middleware, mount }: StandOptions,
    dialOptions: () => DialOptions = () => ({}),
  ) {
    this.#dialOptions = dialOptions;
    this.server = new Server(upgrader, handler, {
      onError: (error) => void this.errors.push(error),
      ...options,
    });
    const rest = middleware === undefined ? [] : [middleware];
    this.router.get("/ws", ...rest, websocketHandler(this.server));
    mount?.(this.router);
  }

  /** Takes the listener that serves its router. */
  on(listener: Listener): this {
    this.#listener = listener;
    return this;
  }

  /** The port of its listener. */
  get port(): number {
    return this.#listener!.port;
  }

  /** Connects a client. */
  async dial(
    handler: ConnHandler = { chat: {} },
    options: DialOptions = {},
  ): Promise<Client> {
    const port = this.#listener?.port ?? 1;
    const client = await dial(`ws://127.0.0.1:${port}/ws`, handler, {
      ...this.#dialOptions(),
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** Ends the clients, the server and its listener. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.close({ timeout: 2_000 });
    await this.#listener?.stop();
  }
}
