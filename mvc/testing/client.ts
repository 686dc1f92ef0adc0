/**
 * {@linkcode TestClient}: a client of a test, in one namespace of its server.
 *
 * @module
 */

import {
  readNamespace,
  runUnwatched,
  type Session,
  sessionOf,
} from "../../neffos/internal.ts";
import {
  type AnswerOf,
  type AnyEvents,
  type AskOptions,
  BadNamespaceError,
  type BodyArgs,
  type BodyOf,
  type Client,
  type CloseInfo,
  type Conn,
  ConnectionClosedError,
  type EntryOptions,
  EventError,
  type Events,
  type EventsOf,
  type Message,
  NeffosError,
  type NSConn,
  type Room,
  UpgradeError,
} from "../../neffos/mod.ts";
import { AssertionError } from "./assertion_error.ts";
import type { Inbox } from "./inbox.ts";
import { awaitWithin, type Rest, type ServerWatch } from "./server_watch.ts";
import type {
  EmitsOf,
  EntryOf,
  ReceivedMessage,
  TestEntryOptions,
  WithBody,
} from "./types.ts";

/** What a server answers where a handler or a hook had a fault. */
const INTERNAL_ERROR = "internal error";
/**
 * For how long the end of a client waits for the handlers of the test, in
 * milliseconds. They may wait for what the test does after it.
 */
const OWN_HANDLERS = 50;

/** The connection of a test client, in all of its namespaces. */
export interface TestConnection {
  readonly client: Client;
  /** Its session on the side of the server. */
  readonly session: Session;
  readonly watch: ServerWatch;
  /** What was received, by namespace: all that the server has. */
  readonly inboxes: ReadonlyMap<string, Inbox>;
  /** For how long handlers may wait for something outside, in milliseconds. */
  readonly timeout: number;
  /** How it has ended, once it has. */
  end?: CloseInfo;
}

/**
 * A test client of a controller; of any events where just the name of the
 * namespace is known.
 *
 * @typeParam C The type of the controller, or of the name.
 * @category Testing
 */
export type TestClientOf<C> = TestClient<
  EventsOf<C extends object ? C : AnyEvents>,
  EmitsOf<C>
>;

/**
 * A client of a test, in one namespace of its server. It records what it
 * receives.
 *
 * A message counts as seen once `waitFor()` or `received()` has returned it.
 *
 * @typeParam Sends The events that it may send.
 * @typeParam Receives The events that the server sends.
 *
 * @example
 * ```ts
 * import { Application, type Message, type NSConn, Router } from "@neffos/mvc";
 * import { connectTest } from "@neffos/mvc/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class ChatController {
 *   onSay(nsConn: NSConn<{ onChat: string }>, msg: Message<string>) {
 *     nsConn.broadcastOthers("onChat", msg.text());
 *   }
 * }
 *
 * const app = new Application(new Router());
 * app.handleWebsocket(ChatController);
 *
 * await using ann = await connectTest(app, ChatController);
 * await using bob = await connectTest(app, ChatController);
 * ann.emit("onSay", "hello");
 * assertEquals((await bob.waitFor("onChat")).text(), "hello");
 * await ann.expectNothing();
 * ```
 *
 * @category Testing
 */
export class TestClient<
  Sends extends object = AnyEvents,
  Receives extends object = AnyEvents,
> implements AsyncDisposable {
  /** The connection in the namespace, for what a test does not do every day. */
  readonly nsConn: NSConn<Sends>;
  readonly #connection: TestConnection;
  readonly #inbox: Inbox;

  /**
   * Made by `connectTest()`.
   *
   * @param connection The connection.
   * @param nsConn The connection in the namespace.
   * @ignore
   */
  constructor(connection: TestConnection, nsConn: NSConn<Sends>) {
    this.#connection = connection;
    this.#inbox = connection.inboxes.get(nsConn.namespace)!;
    this.nsConn = nsConn;
  }

  /** The connection, in all of its namespaces. */
  get conn(): Conn {
    return this.nsConn.conn;
  }

  /** The ID that the server gave to the connection. */
  get id(): string {
    return this.nsConn.id;
  }

  /** Settled, with the reason, when the connection has ended. */
  get closed(): Promise<CloseInfo> {
    return this.#connection.client.closed;
  }

  /**
   * Connects another namespace of the same connection.
   *
   * @typeParam C The type of the controller, or of the name.
   * @param entry The class that handles the namespace, or its name.
   * @param args Its options.
   * @returns The client in that namespace.
   * @throws {BadNamespaceError} When the server has no such namespace.
   * @throws {EventError} When the server refuses.
   *
   * @example
   * ```ts
   * import { Application, Router } from "@neffos/mvc";
   * import { connectTest } from "@neffos/mvc/testing";
   *
   * class ChatController {
   *   static readonly namespace = "chat";
   *   onSay() {}
   * }
   * class NewsController {
   *   static readonly namespace = "news";
   *   onRead() {}
   * }
   *
   * const app = new Application(new Router());
   * app.handleWebsocket(ChatController);
   * app.handleWebsocket(NewsController);
   *
   * await using chat = await connectTest(app, ChatController);
   * const news = await chat.connect(NewsController);
   * await news.ask("onRead");
   * ```
   */
  connect<C extends object | string = AnyEvents>(
    entry: EntryOf<C>,
    ...[options]: WithBody<C, TestEntryOptions<C>>
  ): Promise<TestClientOf<C>> {
    const entered = this.#explainRefusal(() =>
      enter(this.#connection, entry, options as TestEntryOptions)
    );
    // Its type says which events go to and from the controller.
    return entered as Promise<TestClientOf<C>>;
  }

  /**
   * Sends an event to the server; see `NSConn.emit`.
   *
   * @param event The name of the event.
   * @param body The body.
   * @returns Whether it was sent.
   * @throws {TypeError} When the body cannot be sent.
   */
  emit<Event extends keyof Sends & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Sends, Event>>
  ): boolean {
    return this.nsConn.emit(event, ...body);
  }

  /**
   * Sends an event to the server and waits for the answer; see `NSConn.ask`.
   *
   * @param event The name of the event.
   * @param body The body, and options after it.
   * @returns The answer.
   * @throws {EventError} What the handler of the server has thrown; where that
   * was a fault, the text is "internal error", and the fault the cause.
   * @throws {AssertionError} When handlers wait for something outside for too
   * long.
   */
  ask<Event extends keyof Sends & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Sends, Event>, [options?: AskOptions]>
  ): Promise<Message<AnswerOf<Sends, Event>>> {
    return this.#explainRefusal(() =>
      awaitAnswer(
        this.#connection,
        `ask "${event}"`,
        () => this.nsConn.ask(event, ...body),
      )
    );
  }

  /**
   * Joins a room, if the server lets it. What the room sends is received as
   * everything else, with `msg.room`.
   *
   * @param name The name of the room.
   * @param options A body for the hooks of the server.
   * @returns The room.
   * @throws {EventError} When the server refuses.
   * @throws {AssertionError} When hooks wait for something outside for too long.
   */
  joinRoom(name: string, options?: EntryOptions): Promise<Room<Sends>> {
    return this.#explainRefusal(() =>
      awaitAnswer(
        this.#connection,
        `join room "${name}"`,
        () => this.nsConn.joinRoom(name, options),
      )
    );
  }

  /**
   * Lists what was received so far in the namespace, in order. It counts as seen
   * then.
   *
   * @returns The messages of all events.
   * @throws {AggregateError} When the server had faults that were not taken.
   */
  received(): Message[];
  /**
   * Lists what was received so far of one event, in order. It counts as seen
   * then.
   *
   * @param event The name of the event.
   * @returns The messages.
   * @throws {AggregateError} When the server had faults that were not taken.
   */
  received<Event extends keyof Receives & string>(
    event: Event,
  ): ReceivedMessage<Receives, Event>[];
  received(event?: string): Message[] {
    this.#connection.watch.throwFaults();
    return this.#inbox.list(event);
  }

  /**
   * Waits for the first message of an event that was not seen yet. It takes no
   * time: when nothing more happens, it fails, and says what was received.
   *
   * @param event The name of the event.
   * @param isMeant Tells whether a message is the one; any is by default.
   * @returns The message.
   * @throws {AssertionError} When it has not come, and nothing more can happen.
   * @throws {AggregateError} When the server had faults that were not taken.
   */
  waitFor<Event extends keyof Receives & string>(
    event: Event,
    isMeant?: (msg: ReceivedMessage<Receives, Event>) => boolean,
  ): Promise<ReceivedMessage<Receives, Event>>;
  /**
   * Waits for several messages of an event that were not seen yet.
   *
   * @param event The name of the event.
   * @param count How many.
   * @returns The messages, in order.
   * @throws {AssertionError} When fewer have come, and nothing more can happen.
   * @throws {AggregateError} When the server had faults that were not taken.
   * @throws {RangeError} When the count is not a positive integer.
   */
  waitFor<Event extends keyof Receives & string>(
    event: Event,
    count: number,
  ): Promise<ReceivedMessage<Receives, Event>[]>;
  waitFor(
    event: string,
    which: number | ((msg: never) => boolean) = () => true,
  ): Promise<never> {
    // The overloads say what it is.
    const found = this.#waitFor(event, which as number);
    return found as Promise<never>;
  }

  async #waitFor(
    event: string,
    which: number | ((msg: Message) => boolean),
  ): Promise<Message | Message[]> {
    const isMeant = typeof which === "function" ? which : () => true;
    const count = typeof which === "number" ? which : 1;
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(
        `Cannot wait for ${count} messages: it must be a positive integer`,
      );
    }
    let found: Message[] = [];
    const isDone = () => {
      found = this.#inbox.findUnseen(event).filter(isMeant).slice(0, count);
      if (found.length < count) return false;
      // Seen at once, so that another wait does not find them as well.
      this.#inbox.markSeen(found);
      return true;
    };
    const { watch, timeout } = this.#connection;
    const rest = await watch.rest({ timeout, isDone });
    if (rest !== "done") {
      const what = found.length > 0
        ? `it has come ${found.length} of ${count} times`
        : "it has not come";
      const text = this.#explain(rest);
      throw new AssertionError(
        `Cannot wait for "${event}": ${what}, and ${text}`,
        { cause: watch.takeFaultsAsCause() },
      );
    }
    this.#connection.watch.throwFaults();
    return typeof which === "number" ? found : found[0]!;
  }

  /**
   * Waits until nothing more happens, and checks that nothing was received that
   * the test has not seen.
   *
   * @param event The name of the event; all events if it is left out.
   * @throws {AssertionError} When something was received.
   * @throws {AggregateError} When the server had faults that were not taken.
   */
  async expectNothing(event?: keyof Receives & string): Promise<void> {
    const rest = await this.#rest();
    this.#connection.watch.throwFaults();
    const unseen = this.#inbox.findUnseen(event);
    if (unseen.length > 0) {
      throw new AssertionError(
        `Expected that nothing${
          event === undefined ? "" : ` named "${event}"`
        } would come, and ${this.#inbox.describe(unseen)}`,
      );
    }
    if (rest === "stalled" && !this.#connection.watch.isTimeFaked) {
      throw new AssertionError(
        `Cannot say that nothing comes: ${this.#explain(rest)}`,
      );
    }
  }

  /**
   * Waits until nothing more happens, and takes the faults of the server: what
   * its handlers and hooks, or those of test clients, have thrown and is not an
   * EventError. Faults that are neither taken nor the cause of a rejection fail
   * the next call that looks at what was received, or the end of the client.
   *
   * A server with an `onError` of its own has none here.
   *
   * @returns What was thrown, in order.
   */
  async takeFaults(): Promise<unknown[]> {
    await this.#rest();
    return this.#connection.watch.takeFaults();
  }

  /**
   * Closes the connection, and waits until the hooks and handlers of the server
   * have ended.
   *
   * @param code The close code.
   * @param reason The close reason.
   * @throws {RangeError} When the code is not one that may be sent.
   */
  async close(code?: number, reason?: string): Promise<void> {
    await closeConnection(this.#connection, code, reason);
  }

  /**
   * Closes the connection, and fails the test if its server had faults.
   *
   * @throws {AggregateError} When the server had faults that were not taken.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    try {
      this.#connection.watch.throwFaults();
    } catch (error) {
      // Of a test that has failed as well, Deno shows only that an error was
      // suppressed.
      // deno-lint-ignore no-console -- nothing else would show it
      console.error(error);
      throw error;
    }
  }

  #rest(): Promise<Rest> {
    const { watch, timeout } = this.#connection;
    return watch.rest({ timeout: watch.cutTimeout(timeout) });
  }

  /** Gives a rejection the fault of the server that it comes from. */
  #explainRefusal<T>(call: () => Promise<T>): Promise<T> {
    const { watch } = this.#connection;
    return runUnwatched(async () => {
      try {
        return await call();
      } catch (error) {
        addCause(error, watch);
        if (error instanceof ConnectionClosedError) {
          error.cause ??= new Error(explainEnd(error));
        }
        throw error;
      }
    });
  }

  /** Says what is known when something has not come. */
  #explain(rest: Rest): string {
    const { watch, end } = this.#connection;
    const { namespace, isConnected } = this.nsConn;
    const why = end !== undefined
      ? explainEnd(end)
      : isConnected
      ? explainRest(this.#connection, rest)
      : `the client is no longer in namespace "${namespace}"`;
    const faults = watch.describeFaults();
    return `${why}; ${this.#inbox.describe()}${
      faults === "" ? "" : `\nthe server had faults:${faults}`
    }`;
  }
}

/**
 * Connects a namespace of a connection.
 *
 * @throws {BadNamespaceError} When the server has no such namespace.
 */
export async function enter(
  connection: TestConnection,
  entry: object | string | undefined,
  options: TestEntryOptions = {},
): Promise<TestClient> {
  const { client, inboxes, session: { host } } = connection;
  const { body, handlers = {} } = options;
  const namespace = options.namespace ??
    (entry === undefined ? findOnly(inboxes) : readEntry(entry));
  const inbox = inboxes.get(namespace);
  if (inbox === undefined) {
    throw new BadNamespaceError(
      `Cannot connect to namespace "${namespace}": the server has ${
        quoteNames(inboxes) || "none"
      }`,
      { namespace },
    );
  }
  inbox.setHandlers(handlers as Events);
  const nsConn = await awaitAnswer(
    connection,
    `connect to namespace "${namespace}"`,
    () =>
      host.handlers.native === "only"
        ? client.waitServerConnect(namespace)
        : client.connect(namespace, { body }),
  );
  return new TestClient(connection, nsConn);
}

/**
 * Finds the only namespace of a server.
 *
 * @throws {TypeError} When it has several, or none.
 */
function findOnly(inboxes: ReadonlyMap<string, Inbox>): string {
  const [name, ...others] = inboxes.keys();
  if (name !== undefined && others.length === 0) return name;
  throw new TypeError(
    name === undefined
      ? "Cannot connect: the server has no namespace"
      : `Cannot connect: the server has several namespaces (${
        quoteNames(inboxes)
      }), so give the controller or the name of one`,
  );
}

function quoteNames(inboxes: ReadonlyMap<string, Inbox>): string {
  return Array.from(inboxes.keys(), (name) => `"${name}"`).join(", ");
}

/** Reads the namespace that a test names. */
function readEntry(entry: object | string): string {
  return typeof entry === "string"
    ? entry
    : readNamespace(entry, "the controller") ?? "";
}

/** Says how a connection has ended. */
function explainEnd(
  { code, reason }: Pick<CloseInfo, "code" | "reason">,
): string {
  return `the connection was closed with code ${code}${
    reason && ` (${reason})`
  }`;
}

/** Says why a client waits no longer. */
function explainRest(
  { watch, timeout }: TestConnection,
  rest: Rest,
): string {
  return watch.isTimeFaked
    ? "nothing more happens until the test moves the time"
    : rest === "quiet"
    ? "nothing more happens"
    : `handlers have waited for something outside for ${timeout} ms`;
}

/**
 * Waits for an answer of the server.
 *
 * @throws {AssertionError} When handlers wait for too long.
 */
function awaitAnswer<T>(
  connection: TestConnection,
  action: string,
  call: () => Promise<T>,
): Promise<T> {
  const fail = () =>
    new AssertionError(
      `Cannot ${action}: it was not answered, and ${
        explainRest(connection, "stalled")
      }`,
    );
  return awaitWithin(connection.timeout, call, fail);
}

/** Closes a connection, and waits until its server has done with it. */
export async function closeConnection(
  { client, session, watch, timeout }: TestConnection,
  code?: number,
  reason?: string,
): Promise<void> {
  const ended = Promise.all([client.close(code, reason), session.whenEnded()]);
  let isEnded = false;
  const end = () => void (isEnded = true);
  ended.then(end, end);
  const isDone = () => isEnded;
  const isServerDone = () => isEnded || session.status === "ended";
  const patience = watch.cutTimeout(timeout);
  await watch.rest({ timeout: patience, isDone: isServerDone });
  const own = { timeout: Math.min(patience, OWN_HANDLERS), isDone };
  if (await watch.rest(own) !== "done") {
    // Handlers wait, for instance for a time that the test does not move.
    for (const each of [session, sessionOf(client.conn)]) {
      each.abandon(1000, "the test has ended");
    }
    // Nor do the time limits of hooks end then.
    if (watch.isTimeFaked && await watch.rest(own) !== "done") return;
  }
  await ended;
  watch.tidy();
}

/**
 * Gives an error that stands for a fault on the side of the server the fault as
 * its cause.
 */
export function addCause(error: unknown, watch: ServerWatch): void {
  let last = error;
  while (last instanceof NeffosError && last.cause !== undefined) {
    last = last.cause;
  }
  const isOfFault = last instanceof UpgradeError
    ? last.status === 500
    : last instanceof EventError && last.message === INTERNAL_ERROR;
  if (!isOfFault) return;
  const cause = watch.takeLastFault();
  if (cause !== undefined) (last as Error).cause = cause;
}
