import {
  type Client,
  type Conn,
  dial,
  type NSConn,
  type Room,
  Server,
  type Socket,
} from "../../../neffos/mod.ts";
import { withoutTracing } from "../../../neffos/harness/mod.ts";
import { Book } from "./book.ts";
import { Calls } from "./calls.ts";
import type { WalkClock } from "./clock.ts";
import { Events } from "./events.ts";
import { Hooks } from "./hooks.ts";
import { type Journal, nameOf, textOf } from "./journal.ts";
import { Link } from "./link.ts";
import type { Action, Plan, Side } from "./plan.ts";
import { Reports } from "./reports.ts";

/** A server and a client in memory, and all that a walk does with them. */
export class World {
  readonly plan: Plan;
  readonly clock: WalkClock;
  readonly journal: Journal;
  readonly book: Book;
  readonly calls: Calls;
  readonly events: Events;
  readonly hooks: Hooks;
  readonly reports: Reports;
  readonly server: Server;
  client: Client | undefined;
  /** The server's connections, the newest last. */
  readonly conns: Conn[] = [];
  readonly links: Link[] = [];
  /** The client has no socket that the server has accepted. */
  isAway = true;
  /** Both sides are at rest, and are compared. */
  isProbed = false;
  /** How many sockets the client has lost. */
  losses = 0;
  /** The client has ended for good. */
  isOver = false;
  readonly #waiting: Socket[] = [];
  /** The objects that were seen last, by connection and name. */
  readonly #objects = new Map<Conn, Map<string, NSConn | Room>>();
  #outage = 0;

  constructor(plan: Plan, clock: WalkClock, journal: Journal) {
    this.plan = plan;
    this.clock = clock;
    this.journal = journal;
    this.book = new Book(journal);
    this.calls = new Calls(this);
    this.events = new Events(this);
    this.hooks = new Hooks(this);
    this.reports = new Reports(this);
    const { maxRooms, maxNamespaces } = plan.setup;
    this.server = new Server(
      () => ({ socket: this.#waiting.shift()!, response: new Response() }),
      this.hooks.handlerOf("server"),
      {
        idGenerator: () => `c${this.links.length}`,
        onConnect: (conn) => this.#greet(conn),
        onError: (error, source) => this.reports.add("server", error, source),
        ...maxRooms && { maxRooms },
        ...maxNamespaces && { maxNamespaces },
      },
    );
  }

  /** The newest connection of the server. */
  get conn(): Conn | undefined {
    return this.conns.at(-1);
  }

  get link(): Link | undefined {
    return this.links.at(-1);
  }

  /** Has the client connect. */
  async dial(): Promise<void> {
    const { isBlind, maxKept } = this.plan.setup;
    const start = () =>
      dial(
        "ws://walk.test/",
        this.hooks.handlerOf("client"),
        {
          transport: () => this.#open().client,
          // A hook of the server may wait for time limits of calls.
          timeout: 120_000,
          // With a heartbeat there would always be something left to happen.
          heartbeat: false,
          reconnect: {
            initialDelay: 20,
            maxDelay: 80,
            random: () => 0.5,
            maxKept,
          },
          onClose: ({ code }, willReconnect) => {
            this.journal.note(() => `client onClose ${code}, ${willReconnect}`);
            this.isOver ||= !willReconnect;
          },
          onReconnect: () => this.journal.note(() => "client onReconnect"),
          onError: (error, source) => this.reports.add("client", error, source),
        },
      );
    const dialled = isBlind ? withoutTracing(start) : start();
    let isSettled = false;
    dialled.then((client) => this.client = client, (error) => {
      this.journal.fail("an undocumented rejection", `dial: ${textOf(error)}`);
    }).finally(() => isSettled = true);
    await this.clock.rest(() => isSettled);
  }

  /** Opens a socket to the server. */
  #open(): Link {
    const link = new Link(this.links.length + 1, {
      plan: this.plan,
      clock: this.clock,
      journal: this.journal,
      listener: {
        onEmit: (side, emit) => this.events.sent(side, emit),
        onEnd: (side, code) => {
          if (side === "client" && !this.isAway) this.#lost(code);
        },
        onAccepted: () => {
          this.isAway = false;
        },
      },
    });
    this.links.push(link);
    if (this.clock.now < this.#outage) {
      link.lose(0, 0);
      return link;
    }
    this.#waiting.push(link.server);
    const request = new Request("http://walk.test/", {
      headers: {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
      },
    });
    void this.server.upgrade(request);
    return link;
  }

  /** Loses the socket, and perhaps keeps the client from coming back at once. */
  lose(
    { clientAfter, serverAfter, outage }: Action & { type: "lose" },
  ): void {
    if (!this.link?.isOpen) return;
    this.#outage = this.clock.now + outage;
    this.link.lose(clientAfter, serverAfter);
  }

  #lost(code: number): void {
    this.isAway = true;
    this.losses++;
    // A client does not come back after a plain close, unless it has closed the
    // connection itself before, with another code.
    if (code === 1000 && !this.client?.conn.isClosed) this.isOver = true;
    this.book.lost((namespace, room) => this.find("client", namespace, room));
  }

  async #greet(conn: Conn): Promise<void> {
    this.conns.push(conn);
    const { greeting, isGreetingAwaited } = this.plan.setup;
    const greet = async () => {
      for (const call of greeting) {
        await this.calls.make("server", call)?.catch(() => {});
      }
    };
    if (isGreetingAwaited) await greet();
    else void greet();
  }

  /** Finds what a side is in now; without a room, the namespace. */
  find(side: Side, namespace: string, room = ""): NSConn | Room | undefined {
    const conn = side === "client" ? this.client?.conn : this.conn;
    const nsConn = conn?.namespace(namespace);
    return room === "" ? nsConn : nsConn?.room(room);
  }

  /** The number of a connection: 0 for the client's, from 1 for the server's. */
  numberOf(side: Side, conn: Conn): number {
    return side === "client" ? 0 : this.conns.indexOf(conn) + 1;
  }

  /** Keeps what a program may have kept. */
  remember(object: NSConn | Room): void {
    const isRoom = "nsConn" in object;
    const { conn, namespace } = isRoom ? object.nsConn : object;
    const name = nameOf({ namespace, room: isRoom ? object.name : "" });
    let objects = this.#objects.get(conn);
    if (objects === undefined) this.#objects.set(conn, objects = new Map());
    objects.set(name, object);
  }

  /** Finds what was kept, whether it is still good for something or not. */
  recall(conn: Conn, namespace: string): NSConn | undefined;
  recall(conn: Conn, namespace: string, room: string): Room | undefined;
  recall(conn: Conn, namespace: string, room = ""): NSConn | Room | undefined {
    return this.#objects.get(conn)?.get(nameOf({ namespace, room }));
  }
}
