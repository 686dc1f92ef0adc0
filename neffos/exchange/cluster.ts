import type { UntypedAnswer } from "../api/server_api.ts";
import type { ExchangeStats } from "../api/stats.ts";
import { assertPositive } from "../connection/limits.ts";
import type { BodyCodec } from "../protocol/body.ts";
import { encode } from "../protocol/codec.ts";
import { isCloseCode } from "../protocol/errors.ts";
import { Message } from "../protocol/message.ts";
import { callAsync, makeDeferred } from "../util/promises.ts";
import type { Timers } from "../util/timers.ts";
import {
  decodeText,
  type Envelope,
  isFrom,
  isSealed,
  open,
  type Refusal,
} from "./envelope.ts";
import { Arrivals, type Delivery, isNames, MessageReader } from "./inbox.ts";
import { type Peer, Peers } from "./peers.ts";
import { Publisher, type SentMessage } from "./publisher.ts";
import { Pulse } from "./pulse.ts";
import { type RequestHandler, Requests } from "./requests.ts";
import type { Roster } from "./roster.ts";
import { isSyncMeta, RosterSync } from "./roster_sync.ts";
import {
  type ExchangeData,
  ExchangeError,
  type ExchangeOptions,
  type StackExchange,
} from "./stack_exchange.ts";
import { Subscriptions } from "./subscriptions.ts";

/** Stands for servers that are not known yet, in what a request waits for. */
const UNKNOWN_SERVERS = "";

/** How long a server that closes waits for its broker, in milliseconds. */
const PATIENCE = 1_000;

/** The asks of other servers at one time: a foreign publisher may send any. */
const MAX_ASKS = 1_024;

/** The time limit of a request that no client answers, in milliseconds. */
const REQUEST_TIMEOUT = 5_000;

/** The tokens of Go's server.Ask(): the time, its first digit shifted. */
const GO_TOKEN = /^[1-9R-Z]!?[0-9]{8,30}$/;

/** The connections that are counted, or closed. */
export interface CountTarget {
  readonly namespace?: string | undefined;
  readonly room?: string | undefined;
}

/** How connections are closed. */
export interface CloseWith {
  readonly code: number;
  readonly reason: string;
}

/** What a poll of the connections of this server is limited by. */
export interface LocalAskOptions {
  /** The time limit in milliseconds. */
  readonly timeout: number;
  /** The IDs that are not asked. */
  readonly except: readonly string[];
  readonly signal: AbortSignal;
  /** The context of a trace that the ask came with. */
  readonly context?: string | undefined;
}

/** What an exchange needs of its server. */
export interface ClusterHost {
  readonly timers: Timers;
  readonly codec: BodyCodec | undefined;
  /** Sends a message of another server to the connections of this one. */
  deliver(delivery: Delivery): void;
  /** Asks the connections of this server. */
  askLocal(
    message: Message,
    options: LocalAskOptions,
  ): AsyncIterable<UntypedAnswer>;
  /** Counts the connections of this server. */
  countLocal(target: CountTarget): number;
  /** Closes the connections of this server with an ID; returns their number. */
  disconnectLocal(id: string, close: CloseWith): number;
  /** Begins to keep the roster, if it was not kept. */
  openRoster(): Roster;
  report(error: unknown, event: string): void;
}

/** The answers of other servers to an ask. */
export interface RemoteAnswers {
  onAnswer(answer: UntypedAnswer): void;
  onEnd(): void;
}

/** A server's part of the cluster. */
export class Cluster {
  readonly #host: ClusterHost;
  readonly #options: ExchangeOptions;
  readonly #pulse: Pulse;
  readonly #publisher: Publisher;
  /** What the others tell this server alone. */
  readonly #ownChannel: string;
  readonly #subscriptions: Subscriptions;
  readonly #arrivals = new Arrivals();
  readonly #reader: MessageReader;
  readonly #peers: Peers;
  readonly #requests: Requests;
  /** The IDs of this server's connections, by channel, for messages of Go. */
  readonly #ids = new Map<string, string>();
  /** The asks of other servers that are not answered yet. */
  readonly #asks = new Map<string, AbortController>();
  /** The servers that have not come back since the broker was away. */
  readonly #absent = new Set<string>();
  #sync: RosterSync | undefined;
  /** Whether this server wants the presence of the others. */
  #isCurious = false;
  /** Whether a server with other channels was there: that is told once. */
  #isMixed = false;
  #isOver = false;
  #received = 0;
  #missed = 0;
  readonly #refused = { invalid: 0, unknownVersion: 0, unsigned: 0 };

  /**
   * Makes the part, which begins with {@linkcode start}.
   *
   * @throws {TypeError} When an option is of the wrong kind.
   * @throws {RangeError} When a number is not positive.
   */
  constructor(
    host: ClusterHost,
    exchange: StackExchange,
    options: ExchangeOptions,
  ) {
    const { interval = 2_000, timeout = 6_500 } = options.heartbeat ?? {};
    assertPositive("heartbeat.interval", interval);
    assertPositive("heartbeat.timeout", timeout);
    this.#host = host;
    this.#options = options;
    this.#publisher = new Publisher(exchange, options, host.codec);
    this.#ownChannel = this.#publisher.channels.server(this.id);
    this.#publisher.outbox.onRefused = (cause) => {
      const text =
        "Other servers do not get a message: the broker's client has refused it";
      host.report(new ExchangeError(text, { cause }), "exchange");
    };
    this.#subscriptions = new Subscriptions(
      exchange,
      (data, channel) => this.#receive(data, channel),
      (channel) => this.#arrivals.forgetChannel(channel),
    );
    this.#reader = new MessageReader(host.codec);
    this.#requests = new Requests(host.timers);
    this.#pulse = new Pulse(exchange, {
      beat: (isHello) => this.#beat({ isHello }),
      retry: () => {
        this.#subscriptions.retry();
        this.#publisher.outbox.flush();
      },
      onChange: (isUp, cause) => this.#onChange(isUp, cause),
      isTaken: (ms) => !this.#publisher.outbox.isStuck(ms),
      onSettled: () => {
        this.#requests.forget(UNKNOWN_SERVERS);
        this.#releaseIfAllAreBack();
      },
    }, { timers: host.timers, interval, timeout });
    this.#peers = new Peers(host.timers, timeout, (id) => {
      this.#forget(id);
      if (this.#isCurious) this.#host.openRoster().forget(id);
    });
  }

  /** The ID of this server, for the others. */
  get id(): string {
    return this.#publisher.id;
  }

  /** The other servers that are alive. */
  get peers(): Peer[] {
    return this.#peers.all;
  }

  /**
   * Begins: listens, and tells the others.
   *
   * @returns When the broker has brought the first heartbeat back, or has not
   * in the time of one that is lost.
   */
  async start(): Promise<void> {
    this.#subscriptions.add(this.#publisher.channels.servers);
    this.#subscriptions.add(this.#ownChannel);
    this.#pulse.start();
    void this.#subscriptions.whenSettled().then(() => this.#beat());
    await this.#pulse.known;
  }

  /** Waits until it listens to all that its connections are in now. */
  whenSettled(): Promise<void> {
    return this.#subscriptions.whenSettled();
  }

  /** Ends: tells the others, and listens no more. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const controller of this.#asks.values()) controller.abort();
    this.#sync?.flush();
    this.#publisher.control(this.#publisher.channels.servers, { t: "bye" });
    const { isUp } = this.#pulse;
    if (isUp) {
      this.#publisher.outbox.release();
      await this.#waitFor(this.#publisher.outbox.drain());
    }
    this.#publisher.outbox.stop();
    this.#pulse.stop();
    this.#peers.stop();
    this.#requests.forgetAll();
    const stopped = this.#subscriptions.stop();
    if (isUp) await this.#waitFor(stopped);
  }

  /** Waits for the broker, but not for long: it may go away meanwhile. */
  async #waitFor(work: Promise<void>): Promise<void> {
    const { promise, resolve } = makeDeferred<void>();
    const deadline = this.#host.timers.set(PATIENCE, resolve);
    await Promise.race([work, promise]);
    this.#host.timers.clear(PATIENCE, deadline);
  }

  /** The counters and gauges. */
  stats(): ExchangeStats {
    const { outbox } = this.#publisher;
    return {
      isConnected: this.#pulse.isUp,
      servers: this.#peers.size,
      channels: this.#subscriptions.size,
      published: outbox.published,
      received: this.#received,
      queued: outbox.queued,
      dropped: outbox.dropped,
      failed: outbox.failed,
      missed: this.#missed,
      ...this.#refused,
    };
  }

  // What the connections of this server are in.

  /** A namespace or room of this server has got its first connection. */
  addPlace(namespace: string, room: string): void {
    const channel = this.#findPlace(namespace, room);
    if (channel !== undefined) this.#subscriptions.add(channel);
  }

  /** A namespace or room of this server has lost its last connection. */
  removePlace(namespace: string, room: string): void {
    const channel = this.#findPlace(namespace, room);
    if (channel !== undefined) this.#subscriptions.remove(channel);
  }

  /** The first connection with an ID has come. */
  addId(id: string): void {
    const channel = this.#publisher.channels.id(id);
    this.#ids.set(channel, id);
    this.#subscriptions.add(channel);
  }

  /** The last connection with an ID has gone. */
  removeId(id: string): void {
    const channel = this.#publisher.channels.id(id);
    this.#ids.delete(channel);
    this.#subscriptions.remove(channel);
  }

  #findPlace(namespace: string, room: string): string | undefined {
    const { channels } = this.#publisher;
    if (room === "") return channels.namespace(namespace);
    return channels.hasRooms ? channels.room(namespace, room) : undefined;
  }

  // What this server wants of the others.

  /** Publishes a message for the connections of other servers. */
  publish(
    message: Message,
    except: readonly string[],
    sent?: SentMessage,
  ): void {
    if (!this.#isOver) this.#publisher.publish(message, except, sent);
  }

  /**
   * Asks the connections of other servers.
   *
   * @returns A function that gives it up.
   */
  ask(
    message: Message,
    options: {
      readonly except: readonly string[];
      readonly timeout: number;
      readonly context?: string | undefined;
    },
    answers: RemoteAnswers,
  ): () => void {
    const { namespace, room, rooms, to } = message;
    const frame = encode({ ...message, wait: "" });
    const meta = {
      namespace,
      room,
      rooms,
      to,
      except: options.except,
      isBinary: typeof frame !== "string",
      // Others have to give up by themselves: this server may die.
      timeout: Number.isFinite(options.timeout) ? options.timeout : undefined,
      context: options.context,
    };
    // The poll that this is for has the time limit.
    const id = this.#request("ask", meta, frame, Infinity, {
      onReply: (_server, meta, data) => {
        const answer = this.#readAnswer(meta, data);
        if (answer !== undefined) answers.onAnswer(answer);
      },
      onEnd: () => answers.onEnd(),
    });
    return () => {
      if (!this.#requests.cancel(id)) return;
      this.#tellAll({ t: "giveUp", id });
    };
  }

  /** Counts the connections of the other servers. */
  async count(target: CountTarget): Promise<number> {
    return sum(await this.countEach(target));
  }

  /** Counts the connections of each other server that answers. */
  countEach(target: CountTarget = {}): Promise<Map<string, number>> {
    return this.#collect("count", { ...target });
  }

  /** Closes the connections with an ID of the other servers. */
  async disconnect(id: string, close: CloseWith): Promise<number> {
    return sum(await this.#collect("disconnect", { target: id, ...close }));
  }

  /** Begins to keep the entries of the others. */
  watchRoster(): void {
    if (this.#isCurious || this.#isOver) return;
    this.#isCurious = true;
    this.#subscriptions.add(this.#publisher.channels.presence);
    const sync = this.#openSync();
    this.#beat();
    for (const id of this.#peers.ids) sync.beat(this.#peers.get(id)!);
  }

  #openSync(): RosterSync {
    const { channels } = this.#publisher;
    const peers = this.#peers;
    return this.#sync ??= new RosterSync(this.#host.openRoster(), {
      timers: this.#host.timers,
      tellAll: (meta) => this.#publisher.control(channels.presence, meta),
      tell: (server, meta) =>
        this.#publisher.control(channels.server(server), meta),
      get isWanted() {
        return peers.isCurious;
      },
    });
  }

  #collect(t: string, meta: object): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    return new Promise((resolve) => {
      this.#request(t, meta, "", REQUEST_TIMEOUT, {
        onDone: (server, { count }) => {
          if (Number.isSafeInteger(count)) counts.set(server, count as number);
        },
        onEnd: () => resolve(counts),
      });
    });
  }

  #request(
    t: string,
    meta: object,
    data: ExchangeData,
    timeout: number,
    handler: RequestHandler,
  ): string {
    // Without its broker it would wait for nobody.
    const { isUp, isSettling } = this.#pulse;
    const servers = !isUp || this.#isOver ? [] : this.#peers.ids;
    if (isUp && isSettling) servers.push(UNKNOWN_SERVERS);
    const id = this.#requests.begin(servers, timeout, handler);
    if (servers.length === 0) return id;
    const { servers: channel } = this.#publisher.channels;
    this.#publisher.control(channel, { t, id, ...meta }, data);
    return id;
  }

  #readAnswer(
    { from, isBinary }: Record<string, unknown>,
    data: ExchangeData,
  ): UntypedAnswer | undefined {
    const frame = isBinary === true || typeof data === "string"
      ? data
      : decodeText(data);
    const message = frame === undefined
      ? undefined
      : this.#reader.decode(frame);
    if (message === undefined || typeof from !== "string") return undefined;
    return Object.assign(message, { id: from, nsConn: undefined });
  }

  // Heartbeats, and whether the broker is there.

  #beat(
    to: { readonly server?: string; readonly isHello?: boolean } = {},
  ): void {
    if (this.#isOver) return;
    this.#sync?.flush();
    const { channels } = this.#publisher;
    const { server, isHello } = to;
    const channel = server === undefined
      ? channels.servers
      : channels.server(server);
    this.#publisher.controlNow(channel, {
      t: "beat",
      version: this.#sync?.version ?? 0,
      wants: this.#isCurious,
      mode: channels.mode,
      isHello,
    });
  }

  #onChange(isUp: boolean, cause: unknown): void {
    const { onState, onGap } = this.#options;
    if (!isUp) {
      const error = new ExchangeError(
        "The exchange is lost: connections of other servers are not reached",
        { cause },
      );
      this.#host.report(error, "exchange");
      this.#requests.forgetAll();
      // Until the others are back, too: what they do not listen to is lost.
      this.#publisher.outbox.hold();
    }
    this.#call("onState", () => onState?.(isUp, cause));
    if (!isUp) return;
    for (const id of this.#peers.ids) this.#absent.add(id);
    const nothing = {
      channel: undefined,
      server: undefined,
      missed: undefined,
    };
    this.#call("onGap", () => onGap?.({ reason: "reconnected", ...nothing }));
  }

  /** Calls a hook, which may be an async function. */
  #call(event: string, action: () => void): void {
    callAsync(action).catch((error) => this.#host.report(error, event));
  }

  // What comes.

  #receive(data: ExchangeData, channel: string): void {
    if (this.#isOver) return;
    this.#pulse.hear();
    try {
      this.#take(data, channel);
    } catch (error) {
      // A fault of this module: the client of the broker must not see it.
      this.#host.report(error, "exchange");
    }
  }

  #take(data: ExchangeData, channel: string): void {
    const { signer, channels } = this.#publisher;
    if (!isSealed(data)) {
      if (signer !== undefined) this.#refuse("unsigned");
      else if (channels.isForGo) this.#takeFromGo(data, channel);
      else this.#refused.invalid++;
      return;
    }
    // What it has published itself comes back as well: the heartbeats alone
    // mean something, and are checked.
    if (channel !== channels.servers && isFrom(data, this.id)) return;
    const envelope = open(data, channel, signer);
    if (typeof envelope === "string") return this.#refuse(envelope);
    if (envelope.server === this.id) return this.#pulse.echo();
    this.#received++;
    const isControl = channel === channels.servers ||
      channel === channels.presence || channel === this.#ownChannel;
    const isTaken = isControl === (envelope.kind === "c") &&
      (isControl
        ? !this.#isReplay(envelope, channel) && this.#takeControl(envelope)
        : this.#takeMessage(envelope, channel));
    if (!isTaken) this.#refused.invalid++;
  }

  #refuse(reason: Refusal): void {
    if (reason === "unsigned" && this.#refused.unsigned === 0) {
      this.#warn(
        "Something on the exchange is not signed with the secret of this server, and ignored",
      );
    }
    this.#refused[reason]++;
  }

  #warn(text: string): void {
    this.#host.report(new ExchangeError(text), "exchange");
  }

  /** Tells whether a request comes again, as one that was recorded does. */
  #isReplay({ server, sequence }: Envelope, channel: string): boolean {
    return this.#publisher.signer !== undefined &&
      this.#arrivals.take(channel, server, sequence) === "late";
  }

  #takeMessage(envelope: Envelope, channel: string): boolean {
    const { server, sequence } = envelope;
    const succession = this.#arrivals.take(channel, server, sequence);
    if (typeof succession === "number") {
      this.#tellGap(channel, server, succession);
    }
    const delivery = this.#reader.read(envelope);
    if (delivery === undefined) return false;
    // It comes again: ioredis sends what was not answered once more. With a
    // secret it is refused, since it may have been recorded.
    if (succession === "late") return this.#publisher.signer === undefined;
    this.#peers.hear(server);
    this.#host.deliver(delivery);
    return true;
  }

  #tellGap(channel: string, server: string, missed: number): void {
    this.#missed += missed;
    const { onGap } = this.#options;
    this.#call(
      "onGap",
      () => onGap?.({ reason: "sequence", channel, server, missed }),
    );
  }

  #takeFromGo(data: ExchangeData, channel: string): void {
    this.#received++;
    const read = this.#reader.readForGo(data);
    if (read === undefined) {
      this.#refused.invalid++;
      return;
    }
    const { delivery, wait } = read;
    const { message } = delivery;
    // Go has one name for the channels of namespaces and of IDs.
    const isForAll =
      this.#publisher.channels.namespace(message.namespace) === channel;
    const to = isForAll ? "" : this.#ids.get(channel);
    if (to === undefined) this.#refused.invalid++;
    else if (wait !== "") this.#answerGo(new Message({ ...message, to }), wait);
    else if (to === "") this.#host.deliver(delivery);
    else {
      const only = new Message({ ...message, to });
      this.#host.deliver({ ...delivery, message: only });
    }
  }

  /** Go waits for the first answer, on a channel with the name of its token. */
  #answerGo(message: Message, wait: string): void {
    if (!GO_TOKEN.test(wait)) {
      this.#refused.invalid++;
      return;
    }
    const timeout = REQUEST_TIMEOUT;
    void this.#askLocal(
      `go:${wait}`,
      message,
      { timeout, except: [] },
      (answer) => {
        const frame = encode({ ...answer, wait: "", isBinary: false });
        this.#publisher.outbox.send(wait, frame);
        return false;
      },
    );
  }

  #takeControl({ server, meta, data }: Envelope): boolean {
    if (typeof meta !== "object" || meta === null) return false;
    this.#peers.hear(server);
    const values = meta as Record<string, unknown>;
    const { t, id } = values;
    switch (t) {
      case "beat":
        return this.#takeBeat(server, values);
      case "bye":
        if (!this.#peers.remove(server)) return true;
        this.#forget(server);
        if (this.#isCurious) this.#host.openRoster().release(server);
        return true;
      case "pull":
      case "delta":
      case "state":
        return this.#takeSync(server, values);
    }
    if (typeof id !== "string") return false;
    switch (t) {
      case "giveUp":
        this.#asks.get(toAskKey(server, id))?.abort();
        return true;
      case "answer":
        this.#requests.reply(id, server, values, data);
        return true;
      case "done":
        this.#requests.finish(id, server, values);
        return true;
    }
    if (this.#takeRequest(server, id, values, data)) return true;
    // Such as one of a newer server, which need not wait for this one.
    this.#tell(server, { t: "done", id });
    return false;
  }

  #takeRequest(
    server: string,
    id: string,
    meta: Record<string, unknown>,
    data: ExchangeData,
  ): boolean {
    switch (meta.t) {
      case "ask":
        return this.#takeAsk(server, id, meta, data);
      case "count": {
        const { namespace, room } = meta;
        if (!isNameOrNone(namespace) || !isNameOrNone(room)) return false;
        const count = this.#host.countLocal({ namespace, room });
        this.#tell(server, { t: "done", id, count });
        return true;
      }
      case "disconnect": {
        const { target, code, reason } = meta;
        if (
          typeof target !== "string" || typeof reason !== "string" ||
          !isCloseCode(code)
        ) return false;
        const count = this.#host.disconnectLocal(target, { code, reason });
        this.#tell(server, { t: "done", id, count });
        return true;
      }
    }
    return false;
  }

  #takeBeat(
    server: string,
    { version, wants, mode, isHello }: Record<string, unknown>,
  ): boolean {
    if (!Number.isSafeInteger(version)) return false;
    const isNew = this.#peers.get(server) === undefined;
    const peer = this.#peers.beat(server, version as number, wants === true);
    if (peer === undefined) return false;
    if (mode !== this.#publisher.channels.mode && !this.#isMixed) {
      this.#isMixed = true;
      this.#warn(
        'Messages of another server do not arrive: its options "channels", "go" and "secret" are not those of this server',
      );
    }
    if (isNew || isHello === true) this.#beat({ server });
    if (this.#absent.delete(server)) this.#releaseIfAllAreBack();
    if (this.#isCurious) this.#sync!.beat(peer);
    return true;
  }

  #takeSync(server: string, meta: Record<string, unknown>): boolean {
    if (!isSyncMeta(meta)) return false;
    const peer: Peer | undefined = this.#peers.get(server);
    // One that was taken for dead tells all again with its next heartbeat.
    if (peer === undefined) return true;
    if (meta.t === "pull") peer.wants = true;
    else if (!this.#isCurious) return true;
    this.#openSync().receive(server, meta);
    return true;
  }

  #takeAsk(
    server: string,
    id: string,
    meta: Record<string, unknown>,
    data: ExchangeData,
  ): boolean {
    const { to, rooms, except, timeout = Infinity, isBinary, context } = meta;
    const frame = isBinary === true || typeof data === "string"
      ? data
      : decodeText(data);
    const message = frame === undefined
      ? undefined
      : this.#reader.decode(frame);
    if (
      message === undefined || typeof to !== "string" || !isNames(except) ||
      (rooms !== undefined && (!isNames(rooms) || rooms.includes(""))) ||
      typeof timeout !== "number" || !(timeout > 0) ||
      (context !== undefined && typeof context !== "string")
    ) return false;
    // It comes again: its end is told once.
    if (this.#asks.has(toAskKey(server, id))) return true;
    const room = rooms === undefined ? message.room : "";
    const asked = new Message({ ...message, room, to, rooms });
    const options = { timeout, except, context };
    this.#askLocal(toAskKey(server, id), asked, options, (answer) => {
      const frame = encode({ ...answer, wait: "" });
      const isBinary = typeof frame !== "string";
      const meta = { t: "answer", id, from: answer.id, isBinary };
      this.#tell(server, meta, frame);
      return true;
    }).then(() => this.#tell(server, { t: "done", id }));
    return true;
  }

  /** Asks the connections here for another server, which wants more or not. */
  async #askLocal(
    key: string,
    message: Message,
    options: Omit<LocalAskOptions, "signal">,
    onAnswer: (answer: UntypedAnswer) => boolean,
  ): Promise<void> {
    if (this.#asks.size >= MAX_ASKS || this.#asks.has(key)) return;
    const controller = new AbortController();
    this.#asks.set(key, controller);
    const { signal } = controller;
    try {
      const answers = this.#host.askLocal(message, { ...options, signal });
      for await (const answer of answers) if (!onAnswer(answer)) break;
    } catch {
      // It was given up, or cannot be asked here: there is no answer.
    } finally {
      this.#asks.delete(key);
    }
  }

  #releaseIfAllAreBack(): void {
    const { isUp, isSettling } = this.#pulse;
    if (!isUp || isSettling || this.#absent.size > 0) return;
    this.#publisher.outbox.release();
  }

  #forget(server: string): void {
    if (this.#absent.delete(server)) this.#releaseIfAllAreBack();
    this.#requests.forget(server);
    // Nobody waits for their answers, and they may have no time limit.
    for (const [key, controller] of this.#asks) {
      if (key.startsWith(toAskKey(server, ""))) controller.abort();
    }
    // What it has signed may have been recorded, and be sent again.
    if (this.#publisher.signer === undefined) {
      this.#arrivals.forgetServer(server);
    }
    this.#sync?.forget(server);
  }

  #tell(server: string, meta: object, data: ExchangeData = ""): void {
    if (this.#isOver) return;
    const channel = this.#publisher.channels.server(server);
    this.#publisher.control(channel, meta, data);
  }

  #tellAll(meta: object): void {
    this.#publisher.control(this.#publisher.channels.servers, meta);
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function toAskKey(server: string, id: string): string {
  return `${server}:${id}`;
}

function isNameOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}
