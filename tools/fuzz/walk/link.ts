import {
  type CloseInfo,
  type Socket,
  socketPair,
} from "../../../neffos/mod.ts";
import { Prng } from "../prng.ts";
import type { WalkClock } from "./clock.ts";
import type { Journal } from "./journal.ts";
import { hash, type Plan, type Side } from "./plan.ts";

const LOST: CloseInfo = { code: 1006, reason: "", wasClean: false };

/** What a link tells of what passes over it. */
export interface LinkListener {
  /** A side sends a frame of an event that it was told to emit. */
  onEmit(
    side: Side,
    emit: { namespace: string; room: string; id: number },
  ): void;
  /** A side is told that its socket has ended. */
  onEnd(side: Side, code: number): void;
  /** The client is told that it was accepted. */
  onAccepted(): void;
}

interface Host {
  readonly plan: Plan;
  readonly clock: WalkClock;
  readonly journal: Journal;
  readonly listener: LinkListener;
}

/** One socket between the sides: its frames take time, and it can be lost. */
export class Link {
  readonly number: number;
  readonly host: Host;
  readonly client: Socket;
  readonly server: Socket;
  readonly #ends: Record<Side, End>;
  readonly #tokens = new Map<string, number>();
  /** The asks that a side has received, and how many answers it has sent. */
  readonly #asked: Record<Side, Map<string, number>> = {
    client: new Map(),
    server: new Map(),
  };
  /** Nothing passes any more. */
  isLost = false;

  constructor(number: number, host: Host) {
    this.number = number;
    this.host = host;
    const [left, right] = socketPair();
    const client = new End("client", left, this);
    const server = new End("server", right, this);
    this.#ends = { client, server };
    this.client = client;
    this.server = server;
  }

  get isOpen(): boolean {
    const { client, server } = this.#ends;
    return !this.isLost && !client.isOver && !server.isOver;
  }

  /** The network loses it. Either side may see that later. */
  lose(clientAfter: number, serverAfter: number): void {
    if (this.isLost) return;
    this.isLost = true;
    const { clock, journal } = this.host;
    journal.note(() => `link ${this.number} is lost`);
    clock.set(clientAfter, () => this.#ends.client.end(LOST));
    clock.set(serverAfter, () => this.#ends.server.end(LOST));
  }

  /** Asks that were received and were not answered exactly once. */
  get unanswered(): string[] {
    const all: string[] = [];
    for (const side of ["client", "server"] as const) {
      for (const [token, answers] of this.#asked[side]) {
        if (answers === 1) continue;
        const number = this.#tokens.get(token);
        all.push(`the ${side} has answered #${number} ${answers} times`);
      }
    }
    return all;
  }

  /** A frame sets out. */
  sent(side: Side, data: string): void {
    const { journal, listener } = this.host;
    journal.note(() => `${side} -> ${this.#show(data)}`);
    const [wait, namespace, room, event, , , body] = split(data);
    if (event === undefined) return;
    const asked = this.#asked[side];
    if (wait && asked.has(wait)) asked.set(wait, asked.get(wait)! + 1);
    if (wait || event.startsWith("_") || this.isLost) return;
    const id = Number(body);
    listener.onEmit(side, { namespace: namespace!, room: room!, id });
  }

  /** A frame arrives. */
  received(side: Side, data: string): void {
    const { journal, listener } = this.host;
    journal.note(() => `${side} <- ${this.#show(data)}`);
    const [wait, , , event] = split(data);
    if (event === undefined && data.startsWith("A")) listener.onAccepted();
    if (!wait || wait.startsWith("$") === (side === "client")) return;
    this.#asked[side].set(wait, 0);
  }

  /** A frame with its wait token as a number. */
  #show(data: string): string {
    const end = data.indexOf(";");
    if (end <= 0) return data;
    const token = data.slice(0, end);
    let number = this.#tokens.get(token);
    if (number === undefined) {
      number = this.#tokens.size + 1;
      this.#tokens.set(token, number);
    }
    return `#${number}${data.slice(end)}`;
  }
}

/** The fields of a message; nothing that a walk sends has a `;` in a name. */
function split(data: string): (string | undefined)[] {
  const fields = data.split(";");
  return fields.length < 7 ? [] : fields;
}

/** One end of a link. */
class End implements Socket {
  readonly can = { terminate: true, pause: true, count: true };
  readonly #side: Side;
  readonly #socket: Socket;
  readonly #link: Link;
  /** When what was sent last arrives. */
  #due = 0;
  #onClose: ((info: CloseInfo) => void) | undefined;
  #isClosing = false;
  #isTold = false;
  #count = 0;

  constructor(side: Side, socket: Socket, link: Link) {
    this.#side = side;
    this.#socket = socket;
    this.#link = link;
  }

  /** It is closed, or about to be. */
  get isOver(): boolean {
    return this.#isClosing || this.#isTold;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  get bufferedMessages(): number {
    return this.#socket.bufferedMessages ?? 0;
  }

  listen(listener: Parameters<Socket["listen"]>[0]): void {
    this.#onClose = (info) => listener.close(info);
    this.#socket.listen({
      open: () => listener.open(),
      message: (data) => {
        if (this.#link.isLost || this.#isTold) return;
        this.#link.received(this.#side, data as string);
        listener.message(data);
      },
      close: (info) => this.end(info),
    });
  }

  send(data: string): boolean {
    if (this.#isClosing || this.#isTold) return false;
    this.#link.sent(this.#side, data);
    this.#later(() => this.#socket.send(data));
    return true;
  }

  close(code?: number, reason?: string): void {
    if (this.#isClosing || this.#isTold) return;
    this.#isClosing = true;
    this.#later(() => this.#socket.close(code, reason));
  }

  terminate(): void {
    this.#isClosing = true;
    this.#socket.terminate!();
  }

  pause(): void {
    this.#socket.pause!();
  }

  resume(): void {
    this.#socket.resume!();
  }

  /** Tells this side, once, that the socket has ended. */
  end(info: CloseInfo): void {
    if (this.#isTold || this.#onClose === undefined) return;
    this.#isTold = true;
    const { journal, listener } = this.#link.host;
    journal.note(() => `${this.#side} socket ends (${info.code})`);
    listener.onEnd(this.#side, info.code);
    this.#onClose(info);
  }

  /** Does something when the network has had its time, in order. */
  #later(action: () => void): void {
    const { plan, clock } = this.#link.host;
    const { latency, isLatencyFixed } = plan.setup;
    if (latency === 0) return this.#unlessLost(action);
    const which = `${this.#link.number} ${this.#side} ${this.#count++}`;
    const delay = isLatencyFixed
      ? latency
      : new Prng(hash(which) ^ plan.seed).below(latency + 1);
    this.#due = Math.max(this.#due, clock.now + delay);
    clock.set(this.#due - clock.now, () => this.#unlessLost(action));
  }

  #unlessLost(action: () => void): void {
    if (!this.#link.isLost) action();
  }
}
