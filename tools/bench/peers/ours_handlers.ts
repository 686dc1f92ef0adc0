import {
  type Application,
  type Message,
  NSConn,
  type ServiceToken,
  token,
} from "../../../mod.ts";
import { BURST } from "./frames.mjs";

/** Functions for events, without services. */
export const EVENTS = {
  default: {
    onEcho(nsConn: NSConn, msg: Message) {
      nsConn.emit("onEcho", msg.body);
    },
    onShout(nsConn: NSConn, msg: Message) {
      nsConn.server.broadcast(null, msg);
    },
    onBurst(nsConn: NSConn, msg: Message) {
      for (let i = 0; i < BURST; i++) nsConn.server.broadcast(null, msg);
    },
  },
};

interface Logger {
  log(text: string): void;
}
const Logger = token<Logger>("Logger");

class Words {
  repeat(body: Message["body"]): Message["body"] {
    return body;
  }
}

class Store {
  static readonly inject = [Logger] as const;
  readonly #logger: Logger;
  readonly people = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(id: string): void {
    this.people.add(id);
    this.#logger.log(id);
  }
}

class Session {
  static readonly inject = [NSConn] as const;
  readonly id: string;

  constructor(nsConn: NSConn) {
    this.id = nsConn.id;
  }
}

class Presence implements Disposable {
  static readonly inject = [Session, Store] as const;
  readonly #session: Session;
  readonly #store: Store;

  constructor(session: Session, store: Store) {
    this.#session = session;
    this.#store = store;
    store.add(session.id);
  }

  [Symbol.dispose](): void {
    this.#store.people.delete(this.#session.id);
  }
}

/** A controller with five services, of which each connection has two of its own. */
class BenchController {
  static readonly namespace = "default";
  static readonly inject = [
    NSConn,
    Logger,
    Words,
    Store,
    Session,
    Presence,
  ] as const;
  readonly #nsConn: NSConn;
  readonly #words: Words;
  readonly services: readonly unknown[];

  constructor(
    nsConn: NSConn,
    logger: Logger,
    words: Words,
    store: Store,
    session: Session,
    presence: Presence,
  ) {
    this.#nsConn = nsConn;
    this.#words = words;
    this.services = [logger, store, session, presence];
  }

  onEcho(msg: Message) {
    this.#nsConn.emit("onEcho", this.#words.repeat(msg.body));
  }

  onShout(msg: Message) {
    this.#nsConn.server.broadcast(null, msg);
  }

  onBurst(msg: Message) {
    for (let i = 0; i < BURST; i++) this.#nsConn.server.broadcast(null, msg);
  }
}

/** Registers the controller and its services. */
export function register(
  app: Application<ServiceToken>,
): Application<ServiceToken> {
  const complete = app
    .register(Logger, { log() {} })
    .singleton(Words)
    .singleton(Store)
    .scoped(Session)
    .scoped(Presence);
  complete.handleWebsocket(BenchController);
  return complete;
}
