import {
  type Client,
  type CloseInfo,
  ConnectionClosedError,
  EventError,
  type Events,
  type Message,
  type NSConn,
  type RawBody,
  type Room,
} from "../../../neffos/client.ts";
import { addNamespace } from "../../../neffos/internal.ts";
import { Failure, toFailure, usage } from "../failure.ts";
import { findOddJSON, readBody } from "../input/body.ts";
import { describeCode } from "../output/codes.ts";
import { ACTIONS, type Actor, type RoomName, writeActions } from "./actions.ts";
import { Memory } from "./memory.ts";
import { parseLine } from "./parse.ts";
import { quoteIfOdd } from "../output/visible.ts";

/** Where a session shows what happens. */
export interface SessionView {
  /** An event that has come. */
  showEvent(msg: Message): void;
  /** The answer of an ask. */
  showAnswer(msg: Message): void;
  /** What a line has asked for. */
  showText(text: string): void;
  /** What the session says itself. */
  tell(text: string): void;
  /** A line that has failed. */
  showFailure(failure: Failure): void;
  /** The prompt. */
  setPrompt(text: string): void;
  /** No more lines are read. */
  end(): void;
}

/** What a {@linkcode Session} is made with. */
export interface SessionOptions {
  readonly view: SessionView;
  readonly url: string;
  /** How long the server may take to answer, in milliseconds. */
  readonly timeout: number;
  /** Sent with the connect of a namespace, if the line has no body. */
  readonly connectBody: RawBody | undefined;
}

/** One connection, and the lines that use it. */
export class Session implements Actor {
  /** The names that were seen. */
  readonly memory: Memory = new Memory(Object.keys(ACTIONS));
  /** The first failure of a line. */
  failure: Failure | undefined;
  /** The end of the connection, unless this side has closed it. */
  loss: Failure | undefined;
  readonly #options: SessionOptions;
  readonly #view: SessionView;
  readonly #answers = new Map<string, RawBody>();
  #client!: Client;
  /** The namespace that lines are about. */
  #current: NSConn | undefined;
  #isAway = false;
  /** The namespace or the room that a line leaves. */
  #leaving: string | undefined;
  #isFinishing = false;
  /** Aborted when the line that is at work is to stop. */
  #signal: AbortSignal | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#view = options.view;
  }

  /** Takes the client, once it is connected. */
  begin(client: Client): void {
    this.#client = client;
    void client.closed.then((info) => this.#close(info));
  }

  /** Makes the events of a namespace. */
  readonly makeEvents = (namespace: string): Events => ({
    onAnyEvent: (_nsConn, msg) => this.#receive(msg),
    ...(namespace === "" && {
      onNativeMessage: (_nsConn, msg) => this.#view.showEvent(msg),
    }),
    onNamespaceConnected: (nsConn, msg) => {
      this.memory.namespaces.add(namespace);
      if (msg.isLocal) return;
      this.#view.tell(
        `the server has connected namespace ${quoteIfOdd(namespace)}`,
      );
      if (this.#current === undefined) this.#use(nsConn);
    },
    onNamespaceDisconnect: (_nsConn, msg) => {
      if (msg.isForced || this.#isLeaving(namespace)) return;
      this.#view.tell(
        `the server has disconnected namespace ${quoteIfOdd(namespace)}`,
      );
      this.#forget(namespace);
    },
    onRoomJoined: (_nsConn, msg) => {
      this.memory.rooms.add(msg.room);
      if (!msg.isLocal) {
        this.#view.tell(
          `the server has let you into room ${quoteIfOdd(msg.room)}`,
        );
      }
    },
    onRoomLeft: (_nsConn, msg) => {
      if (msg.isForced || this.#isLeaving(msg.room)) return;
      this.#view.tell(
        `the server has taken you out of room ${quoteIfOdd(msg.room)}`,
      );
    },
  });

  /** Tells what happens to the connection; see `ConnectionHandlers.onNotice`. */
  notice(text: string, isAway = this.#isAway): void {
    this.#isAway = isAway;
    this.#view.tell(text);
    this.#prompt();
  }

  /** Runs a line, until the signal is aborted. */
  async run(line: string, signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    try {
      const parsed = parseLine(line);
      if (parsed === undefined) return;
      await parsed.action.run(this, parsed.words, parsed.rest);
    } catch (error) {
      if (signal.aborted) this.#view.tell("stopped");
      else this.#fail(error);
    } finally {
      this.#signal = undefined;
      this.#leaving = undefined;
    }
  }

  /**
   * Closes the connection, when there are no more lines.
   *
   * @param waits Whether the server is to handle first what was sent, which it has
   * when it lets go of the namespaces.
   */
  async finish(waits: boolean): Promise<void> {
    this.#isFinishing = true;
    if (waits && !this.#client.isClosed && !this.#isAway) {
      const { timeout } = this.#options;
      await this.#client.conn.disconnectAll({ timeout }).catch(() => {});
    }
    await this.#client.close();
  }

  // Lines --------------------------------------------------------------------

  async connect(namespace: string, written: string): Promise<void> {
    const body = written === ""
      ? this.#options.connectBody
      : await readBody(written);
    const known = this.#client.namespace(namespace);
    if (known !== undefined) return this.#use(known);
    const { conn } = this.#client;
    addNamespace(conn, namespace, this.makeEvents(namespace));
    const nsConn = await conn.connect(namespace, {
      ...this.#limits(),
      ...(body !== undefined && { body }),
    });
    this.#view.tell(`connected to namespace ${quoteIfOdd(namespace)}`);
    this.#use(nsConn);
  }

  async disconnect(namespace = this.#current?.namespace): Promise<void> {
    const nsConn = this.#find(namespace);
    this.#leaving = namespace;
    await nsConn.disconnect(this.#limits());
    this.#view.tell(`left namespace ${quoteIfOdd(namespace!)}`);
    this.#forget(namespace!);
  }

  use(namespace: string): void {
    this.#use(this.#find(namespace));
  }

  async join(name: string, written: string): Promise<void> {
    const body = written === "" ? {} : { body: await readBody(written) };
    await this.#nsConn.joinRoom(name, { ...this.#limits(), ...body });
    this.#view.tell(`joined room ${quoteIfOdd(name)}`);
  }

  async leave(name: string | undefined): Promise<void> {
    const room = this.#findRoom({ name });
    this.#leaving = room.name;
    await room.leave(this.#limits());
    this.#view.tell(`left room ${quoteIfOdd(room.name)}`);
  }

  async emit(event: string, written: string, room?: RoomName): Promise<void> {
    const target = this.#target(room);
    const body = await this.#readBody(written);
    this.memory.add({ room: "", event });
    if (!target.emit(event, body)) throw new ConnectionClosedError();
  }

  async ask(event: string, written: string, room?: RoomName): Promise<void> {
    const target = this.#target(room);
    const body = await this.#readBody(written);
    this.memory.add({ room: "", event });
    this.#view.showAnswer(await target.ask(event, body, this.#limits()));
  }

  async answer(event: string, written: string): Promise<void> {
    this.#answers.set(event, await readBody(written));
    this.memory.add({ room: "", event });
  }

  listNamespaces(): void {
    const { namespaces } = this.#client.conn;
    const lines = namespaces.map(({ namespace, rooms }) => {
      const mark = namespace === this.#current?.namespace ? "*" : " ";
      const names = rooms.map(({ name }) => quoteIfOdd(name)).join(", ");
      const inside = names === "" ? "" : `, in ${names}`;
      return `${mark} ${quoteIfOdd(namespace)}${inside}`;
    });
    this.#view.showText(
      lines.join("\n") || "no namespace is connected; write connect NAMESPACE",
    );
  }

  showStatus(): void {
    const state = this.#isAway ? "away, and coming back" : "connected";
    const { url } = this.#options;
    this.#view.showText(`${state}: ${url}\nID: ${quoteIfOdd(this.#client.id)}`);
  }

  showHelp(topic: string | undefined): void {
    this.#view.showText(writeActions(topic));
  }

  quit(): void {
    this.#view.end();
  }

  // State --------------------------------------------------------------------

  #receive(msg: Message): RawBody | void {
    this.memory.add(msg);
    this.#view.showEvent(msg);
    if (msg.wait === "") return;
    const answer = this.#answers.get(msg.event);
    if (answer === undefined) throw new EventError("nobody answers here");
    return answer;
  }

  /** Whether this side has left a namespace or a room, or is about to. */
  #isLeaving(name: string): boolean {
    return this.#isFinishing || this.#leaving === name;
  }

  async #readBody(written: string): Promise<RawBody> {
    const body = await readBody(written);
    const odd = findOddJSON(body);
    if (odd !== undefined) this.#view.tell(odd);
    return body;
  }

  #limits(): { timeout: number; signal?: AbortSignal } {
    const { timeout } = this.#options;
    const signal = this.#signal;
    return signal === undefined ? { timeout } : { timeout, signal };
  }

  get #nsConn(): NSConn {
    if (this.#current !== undefined) return this.#current;
    throw usage("No namespace is connected; write connect NAMESPACE");
  }

  #find(namespace: string | undefined): NSConn {
    if (namespace === undefined) return this.#nsConn;
    const nsConn = this.#client.namespace(namespace);
    if (nsConn !== undefined) return nsConn;
    throw usage(
      `Namespace ${quoteIfOdd(namespace)} is not connected; write connect ${
        quoteIfOdd(namespace)
      }`,
    );
  }

  #target(room: RoomName | undefined): NSConn | Room {
    return room === undefined ? this.#nsConn : this.#findRoom(room);
  }

  #findRoom({ name }: RoomName): Room {
    const { rooms } = this.#nsConn;
    const found = name === undefined
      ? rooms.length === 1 ? rooms[0] : undefined
      : this.#nsConn.room(name);
    if (found !== undefined) return found;
    const names = rooms.map((room) => quoteIfOdd(room.name)).join(", ");
    throw usage(
      names === ""
        ? "You are in no room; write join ROOM"
        : name === undefined
        ? `You are in several rooms; name one of ${names}`
        : `You are not in room ${quoteIfOdd(name)}, but in ${names}`,
    );
  }

  #use(nsConn: NSConn): void {
    this.#current = nsConn;
    this.memory.namespaces.add(nsConn.namespace);
    this.#prompt();
  }

  #forget(namespace: string): void {
    if (this.#current?.namespace !== namespace) return;
    this.#current = this.#client.conn.namespaces
      .find((other) => other.namespace !== namespace);
    this.#prompt();
  }

  #prompt(): void {
    const name = this.#current && quoteIfOdd(this.#current.namespace);
    const state = this.#isAway ? "(away) " : "";
    this.#view.setPrompt(`${state}${name ?? ""}> `);
  }

  #fail(error: unknown): void {
    const isLost = error instanceof ConnectionClosedError;
    // The end of the connection is told by itself.
    if (isLost && this.#client.isClosed) return;
    const failure = isLost && this.#isAway
      ? new Failure("unreachable", "Not connected now; the client is retrying")
      : toFailure(error);
    this.failure ??= failure;
    this.#view.showFailure(failure);
  }

  #close(info: CloseInfo): void {
    if (this.#isFinishing) return;
    this.loss = new Failure(
      "unreachable",
      `The connection was closed: ${
        describeCode(info)
      }; --reconnect comes back where the server lets it`,
    );
    this.#view.showFailure(this.loss);
    this.#view.end();
  }
}
