import type { ExchangeStats } from "../api/stats.ts";
import { assertPositive } from "../connection/limits.ts";
import type { BodyCodec } from "../protocol/body.ts";
import { Message } from "../protocol/message.ts";
import { callAsync, type Deferred, makeDeferred } from "../util/promises.ts";
import type { Timers } from "../util/timers.ts";
import {
  type Envelope,
  isFrom,
  isSealed,
  open,
  type Refusal,
} from "./envelope.ts";
import { Arrivals, type Delivery, MessageReader } from "./inbox.ts";
import { type Peer, Peers } from "./peers.ts";
import type { Roster } from "./presence/roster.ts";
import { isSyncMeta, RosterSync } from "./presence/roster_sync.ts";
import { Publisher, type SentMessage } from "./publisher.ts";
import { Pulse } from "./pulse.ts";
import { Requester } from "./requester.ts";
import { Requests } from "./requests.ts";
import { Responder, type ResponderHost } from "./responder.ts";
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

/** What an exchange needs of its server. */
export interface ClusterHost extends ResponderHost {
  readonly timers: Timers;
  readonly codec: BodyCodec | undefined;
  /** Sends a message of another server to the connections of this one. */
  deliver(delivery: Delivery): void;
  /** Begins to keep the roster, if it was not kept. */
  openRoster(): Roster;
  report(error: unknown, event: string): void;
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
  /** What this server asks the others. */
  readonly requester: Requester;
  /** The IDs of this server's connections, by channel, for messages of Go. */
  readonly #ids = new Map<string, string>();
  readonly #responder: Responder;
  /** The servers that have not come back since the broker was away. */
  readonly #absent = new Set<string>();
  #sync: RosterSync | undefined;
  #rosterKnown: Deferred<void> | undefined;
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
    this.requester = new Requester(this.#requests, this.#reader, {
      findServers: () => this.#findAwaited(),
      tellAll: (meta, data) =>
        this.#publisher.control(this.#publisher.channels.servers, meta, data),
    });
    this.#responder = new Responder(host, this.#reader, {
      tell: (server, meta, data) => this.#tell(server, meta, data),
      send: (channel, frame) => this.#publisher.outbox.send(channel, frame),
    });
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
        this.#checkRoster();
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
    this.#responder.stop();
    this.#checkRoster();
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

  /** Begins to keep the entries of the others. */
  watchRoster(): void {
    if (this.#isCurious || this.#isOver) return;
    this.#isCurious = true;
    this.#subscriptions.add(this.#publisher.channels.presence);
    const sync = this.#openSync();
    this.#beat();
    for (const id of this.#peers.ids) sync.beat(this.#peers.get(id)!);
  }

  /** Resolves when the entries of all servers that are alive are here. */
  async whenRosterKnown(): Promise<void> {
    await this.#pulse.known;
    if (this.#isRosterKnown) return;
    await (this.#rosterKnown ??= makeDeferred<void>()).promise;
  }

  get #isRosterKnown(): boolean {
    const { isUp, isSettling } = this.#pulse;
    // Without its broker it would wait for nobody.
    if (!isUp || this.#isOver) return true;
    return !isSettling &&
      this.#peers.ids.every((id) => this.#sync?.knows(id) === true);
  }

  #checkRoster(): void {
    if (this.#rosterKnown === undefined || !this.#isRosterKnown) return;
    this.#rosterKnown.resolve();
    this.#rosterKnown = undefined;
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

  /** Finds the servers that a request waits for. */
  #findAwaited(): string[] {
    const { isUp, isSettling } = this.#pulse;
    // Without its broker it would wait for nobody.
    if (!isUp || this.#isOver) return [];
    const servers = this.#peers.ids;
    return isSettling ? [...servers, UNKNOWN_SERVERS] : servers;
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
      this.#checkRoster();
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
    if (to === undefined) {
      this.#refused.invalid++;
      return;
    }
    const only = to === "" ? message : new Message({ ...message, to });
    if (wait === "") this.#host.deliver({ ...delivery, message: only });
    else if (!this.#responder.answerGo(only, wait)) this.#refused.invalid++;
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
        this.#responder.giveUp(server, id);
        return true;
      case "answer":
        this.#requests.reply(id, server, values, data);
        return true;
      case "done":
        this.#requests.finish(id, server, values);
        return true;
    }
    if (this.#responder.take(server, id, values, data)) return true;
    // Such as one of a newer server, which need not wait for this one.
    this.#tell(server, { t: "done", id });
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
    this.#checkRoster();
    return true;
  }

  #releaseIfAllAreBack(): void {
    const { isUp, isSettling } = this.#pulse;
    if (!isUp || isSettling || this.#absent.size > 0) return;
    this.#publisher.outbox.release();
  }

  #forget(server: string): void {
    if (this.#absent.delete(server)) this.#releaseIfAllAreBack();
    this.#requests.forget(server);
    this.#responder.forget(server);
    // What it has signed may have been recorded, and be sent again.
    if (this.#publisher.signer === undefined) {
      this.#arrivals.forgetServer(server);
    }
    this.#sync?.forget(server);
    this.#checkRoster();
  }

  #tell(server: string, meta: object, data: ExchangeData = ""): void {
    if (this.#isOver) return;
    const channel = this.#publisher.channels.server(server);
    this.#publisher.control(channel, meta, data);
  }
}
