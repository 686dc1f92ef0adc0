import type { Conn } from "../../neffos/api/conn.ts";
import { sessionOf } from "../../neffos/harness/mod.ts";
import type { RawBody } from "../../neffos/protocol/message.ts";
import type { Socket } from "../../neffos/transport/socket.ts";
import type { Log } from "./failure.ts";
import {
  type Frame,
  isMembership,
  NAMESPACES,
  randomBody,
  randomFrame,
  readFrame,
  writeFrame,
} from "./frames.ts";
import type { Prng } from "./prng.ts";
import { ERROR_ANSWERED, NATIVE_MARK } from "./program.ts";

/** An ask of the server to the peer. */
type Asked = Frame;

/** What the peer knows of a token it has sent. */
interface Owed {
  /** The answers that may come at most, and must have come in the end. */
  count: number;
  got: number;
  /** The first frame with this token. */
  readonly frame: Frame;
  /** Whether other frames have used it too. */
  isShared: boolean;
}

const MAX_NAME = 256;

/** A server that sends more frames than this while settling never settles. */
const MAX_TALK = 20_000;

/** What a server may do to its clients in a round. */
export interface Terms {
  readonly maxPayload: number;
  readonly maxQueued: number;
  readonly isNative: boolean;
}

/** A client that sends anything, and knows which answers must come. */
export class Peer {
  readonly id: number;
  readonly conn: Conn;
  readonly owed = new Map<string, Owed>();
  readonly asked: Asked[] = [];
  /** The rooms that the client must be in, by the frames it has received. */
  readonly belief = new Map<string, Set<string>>();
  /** Namespaces in which both sides acted at once, so that the result is unknown. */
  readonly tainted = new Set<string>();
  readonly casts = new Set<string>();
  status: "connecting" | "greeted" | "open" | "closed" = "connecting";
  sent = 0;
  /** The frames received since the driver last looked. */
  talk = 0;
  readonly #rng: Prng;
  readonly #log: Log;
  readonly #socket: Socket;
  readonly #terms: Terms;
  readonly #flights = new Map<string, Frame>();
  readonly #serverTokens = new Set<string>();
  #ownPrefix = "";
  #waits = 0;
  #hasSentTooMuch = false;

  constructor(
    init: {
      id: number;
      conn: Conn;
      socket: Socket;
      rng: Prng;
      log: Log;
      terms: Terms;
    },
  ) {
    this.id = init.id;
    this.conn = init.conn;
    this.#socket = init.socket;
    this.#rng = init.rng;
    this.#log = init.log;
    this.#terms = init.terms;
    init.socket.listen({
      open: () => {},
      message: (data) => this.#receive(data),
      close: ({ code, reason, wasClean }) => {
        this.#note(`closed ${code} ${reason}`, code);
        const isOurs = this.status === "closed";
        this.status = "closed";
        if (wasClean && !isOurs) this.#checkClose(code, reason);
      },
    });
  }

  /** Sends the hello, or something else in its place. */
  greet(): void {
    if (this.status !== "connecting") return;
    if (this.#rng.chance(100)) this.sendRandom();
    this.status = "greeted";
    this.#send("M");
  }

  sendRandom(): void {
    const frame = this.#rng.chance(1)
      ? "x".repeat(this.#terms.maxPayload + 1)
      : randomFrame(this.#rng, () => this.#makeWait());
    this.#sendFrame(frame);
  }

  /** Sends a frame that a correct client might send now. */
  sendSensible(): void {
    const rng = this.#rng;
    const namespace = rng.pick(NAMESPACES);
    const wait = `$${++this.#waits}`;
    const rooms = this.belief.get(namespace);
    if (rooms === undefined) {
      const event = "_OnNamespaceConnect";
      return this.#sendFrame(writeFrame({ wait, namespace, event }));
    }
    const isJoined = rooms.size > 0 && rng.chance(500);
    const room = isJoined ? rng.pick([...rooms]) : "";
    switch (rng.below(8)) {
      case 0:
        return this.#sendFrame(writeFrame({
          wait,
          namespace,
          room,
          event: isJoined ? "_OnRoomLeave" : "_OnNamespaceDisconnect",
        }));
      case 1:
      case 2:
        return this.#sendFrame(writeFrame({
          wait,
          namespace,
          room: rng.pick(["r1", "r2", "r;3"]),
          event: "_OnRoomJoin",
        }));
      default:
        return this.#sendFrame(writeFrame({
          wait: rng.chance(700) ? wait : "",
          namespace,
          room,
          event: rng.pick(["onSync", "onAsync"]),
          body: randomBody(rng),
        }));
    }
  }

  /** Answers an ask of the server, correctly or not. */
  answerAny(): void {
    const rng = this.#rng;
    const asked = rng.take(this.asked);
    if (asked === undefined) return;
    const kind = rng.below(12);
    if (kind > 5) return this.#answer(asked, true);
    // From here on the state of the two sides is unknown.
    if (isMembership(asked.event)) this.tainted.add(asked.namespace);
    if (kind === 0) this.#send(writeFrame({ ...asked, body: "answer" }));
    else if (kind === 1) {
      this.#send(writeFrame({ ...asked, isError: true, body: "refused" }));
    } else if (kind === 2) {
      for (let count = 0; count < 3; count++) this.#answer(asked, true);
    } else this.#answerBadly(asked, kind);
  }

  /** Sends a frame that is no answer, so that the ask still waits. */
  #answerBadly(asked: Asked, kind: number): void {
    const rng = this.#rng;
    const { wait } = asked;
    this.asked.push(asked);
    if (kind === 3) this.#send(`${wait};;;;;`);
    else if (kind === 4) this.#send(writeFrame({ wait: wait + "1" }));
    else {
      const room = "x".repeat(rng.below(2) * 400);
      const isError = rng.chance(500);
      this.#send(writeFrame({ wait, room, isError, body: "late" }));
    }
  }

  /** Answers every ask of the server correctly. */
  answerAll(): void {
    for (const asked of this.asked.splice(0)) this.#answer(asked, false);
  }

  close(): void {
    const kind = this.#rng.below(4);
    this.#note(`closes (${kind})`, kind);
    if (kind === 0) this.#socket.terminate?.();
    else this.#socket.close(this.#rng.pick([1000, 1001, 1005, 3000, 4999]));
    this.status = "closed";
  }

  /** Notes that time has passed: the server may have given up its asks. */
  taintUnanswered(): void {
    for (const { namespace } of this.asked) this.tainted.add(namespace);
    for (const { namespace } of this.#flights.values()) {
      this.tainted.add(namespace);
    }
  }

  /** Compares the expected answers and names with those of the server. */
  checkSettled(isStuck: boolean): void {
    if (this.status !== "open" || this.conn.isClosed || isStuck) return;
    const { asks, status } = sessionOf(this.conn);
    if (status !== "open") return;
    if (asks.size > 0) {
      this.#fail(`${asks.size} asks wait though all were answered`);
    }
    for (const [wait, { got, count, frame }] of this.owed) {
      if (got !== count) {
        this.#fail(
          `${got} answers instead of ${count} to ${
            JSON.stringify({ ...frame, wait })
          }`,
        );
      }
    }
    this.#checkBelief();
    this.owed.clear();
    this.#flights.clear();
    this.tainted.clear();
    this.belief.clear();
    for (const nsConn of this.conn.namespaces) {
      const rooms = nsConn.rooms.map(({ name }) => name);
      this.belief.set(nsConn.namespace, new Set(rooms));
    }
  }

  #checkBelief(): void {
    const actual = new Map(
      this.conn.namespaces.map((nsConn) => [nsConn.namespace, nsConn]),
    );
    const names = new Set([...this.belief.keys(), ...actual.keys()]);
    for (const name of names) {
      if (this.tainted.has(name)) continue;
      const believed = this.belief.get(name);
      const nsConn = actual.get(name);
      const rooms = nsConn?.rooms.map((room) => room.name).sort();
      const want = believed && [...believed].sort();
      if (JSON.stringify(rooms) !== JSON.stringify(want)) {
        this.#fail(
          `of namespace ${JSON.stringify(name)} the client was told the rooms ${
            JSON.stringify(want)
          }, the server has ${JSON.stringify(rooms)}`,
        );
      }
    }
  }

  #makeWait(): string {
    const rng = this.#rng;
    const count = ++this.#waits;
    switch (rng.below(60)) {
      case 0:
        return `#${count}`;
      case 1:
        return `a!${count}`;
      case 2:
        return `neffos(0x${count}`;
      case 3:
        return `s${rng.below(0x1000).toString(36)}.${count}`;
      case 4:
        // The server has sent no such ask.
        return this.#ownPrefix === "" ? "$" : `${this.#ownPrefix}zz${count}`;
      case 5:
        return `\ud800${count}`;
      case 6:
        return `\ufeff${count}`;
      case 7:
        return `$${1 + rng.below(count)}`;
      case 8:
        return `@%!semicolon@%!${count}`;
      case 9:
        return `$${"9".repeat(600)}${count}`;
      case 10:
        return `${count}`;
      case 11:
        return "__proto__";
      case 12:
        return "$!";
      default:
        return `$${count}`;
    }
  }

  #sendFrame(data: RawBody): void {
    if (this.status === "closed") return;
    const frame = data.length === 0 ? undefined : readFrame(data);
    if (frame !== undefined && frame.wait !== "") {
      this.#expect(frame);
    } else if (data === "M" && this.status === "connecting") {
      this.status = "greeted";
    }
    this.#send(data);
  }

  /** Notes the answer that a frame must get. */
  #expect(frame: Frame): void {
    const { wait, namespace, room, event, isError, isNoOp } = frame;
    const isTooLong = [namespace, room, event].some((name) =>
      name.length > MAX_NAME
    );
    const isOwn = this.#ownPrefix !== "" && wait.startsWith(this.#ownPrefix);
    const count = isError || isOwn ? 0 : 1;
    const owed = this.owed.get(wait);
    if (isMembership(event) && count > 0 && !isNoOp && !isTooLong) {
      const isBusy = [...this.#flights.values(), ...this.asked].some((other) =>
        other.namespace === namespace
      );
      if (isBusy) this.tainted.add(namespace);
      const flight = this.#flights.get(wait);
      if (flight !== undefined) this.tainted.add(flight.namespace);
      if (owed !== undefined) this.tainted.add(namespace);
      this.#flights.set(wait, frame);
    }
    if (owed === undefined) {
      this.owed.set(wait, { count, got: 0, frame, isShared: false });
      return;
    }
    owed.count += count;
    owed.isShared = true;
  }

  #send(data: RawBody): void {
    if (this.status === "closed") return;
    const size = typeof data === "string"
      ? new TextEncoder().encode(data).length
      : data.length;
    if (size > this.#terms.maxPayload) this.#hasSentTooMuch = true;
    this.sent++;
    this.#note(`-> ${show(data)}`, data.length & 0xff);
    this.#socket.send(data);
  }

  #answer(asked: Asked, mayRefuse: boolean): void {
    const { wait, namespace, room, event } = asked;
    const rooms = this.belief.get(namespace);
    const isRoomEvent = event.startsWith("_OnRoom");
    const isRefused = isMembership(event) &&
      (mayRefuse && this.#rng.chance(100) ||
        isRoomEvent && rooms === undefined);
    if (isRefused) {
      this.#send(writeFrame({ ...asked, isError: true, body: "bad room" }));
      return;
    }
    if (event === "_OnNamespaceConnect") {
      if (rooms === undefined) this.belief.set(namespace, new Set());
    } else if (event === "_OnNamespaceDisconnect") {
      this.belief.delete(namespace);
    } else if (event === "_OnRoomJoin") rooms?.add(room);
    else if (event === "_OnRoomLeave") rooms?.delete(room);
    this.#send(writeFrame({ wait }));
  }

  #receive(data: RawBody): void {
    const before = this.status;
    if (before === "closed") return;
    if (++this.talk > MAX_TALK) {
      if (this.talk === MAX_TALK + 1) {
        this.#fail("the server never falls silent");
      }
      this.#socket.terminate?.();
      return;
    }
    if (before !== "open") return this.#receiveFirst(data);
    const frame = readFrame(data);
    if (frame === undefined) {
      const text = typeof data === "string"
        ? data
        : new TextDecoder().decode(data);
      this.#note(`<- ${show(data)}`, data.length & 0xff);
      if (!this.#terms.isNative || !text.startsWith(NATIVE_MARK)) {
        this.#fail(`got ${show(data)}, which is no frame`);
      }
      return;
    }
    this.#note(`<- ${show(data)}`, (data.length - frame.wait.length) & 0xff);
    if (frame.body.startsWith(ERROR_ANSWERED)) {
      this.#fail("an error got a reply");
    }
    if (frame.wait === "") this.#take(frame);
    else if (this.owed.has(frame.wait)) this.#settle(frame);
    else this.#takeAsk(frame);
  }

  #receiveFirst(data: RawBody): void {
    this.#note(`<- ${show(data)}`, data.length & 0xff);
    if (this.status !== "greeted" || typeof data !== "string") {
      this.#fail("got a frame before the acknowledgement");
    } else if (data.startsWith("A")) this.status = "open";
    else if (!data.startsWith("H")) {
      this.#fail("got neither a welcome nor a refusal");
    }
  }

  #take(frame: Frame): void {
    if (frame.event.startsWith("_On") && isMembership(frame.event)) {
      // An error about a frame without a token comes back as it is.
      if (!frame.isError) this.#fail("the server asks without a wait token");
    }
    if (frame.event !== "onCast") return;
    if (!this.casts.delete(frame.body)) {
      this.#fail(`got broadcast ${frame.body}, which was not for it, or twice`);
    }
  }

  #settle(answer: Frame): void {
    const { wait } = answer;
    const owed = this.owed.get(wait)!;
    const { frame } = owed;
    if (++owed.got > owed.count) {
      this.#fail(
        `${owed.got} answers instead of ${owed.count} to ${
          JSON.stringify(frame)
        }`,
      );
    }
    const isEmpty = answer.namespace === "" && answer.room === "" &&
      answer.event === "";
    const isSame = sameText(answer.namespace, frame.namespace) &&
      sameText(answer.room, frame.room) && sameText(answer.event, frame.event);
    if (!owed.isShared && !isSame && !isEmpty) {
      this.#fail(
        `the answer to ${JSON.stringify(frame)} is about something else`,
      );
    }
    const flight = this.#flights.get(wait);
    this.#flights.delete(wait);
    if (flight === undefined || answer.isError) return;
    const { namespace, room, event } = flight;
    const rooms = this.belief.get(namespace);
    if (event === "_OnNamespaceDisconnect") this.belief.delete(namespace);
    else if (event === "_OnRoomJoin") rooms?.add(room);
    else if (event === "_OnRoomLeave") rooms?.delete(room);
    else if (rooms === undefined) this.belief.set(namespace, new Set());
  }

  #takeAsk(frame: Frame): void {
    const { wait, namespace, event, isError } = frame;
    const { asks } = sessionOf(this.conn);
    if (isError) return this.#fail("an answer to what was never asked");
    if (!asks.isOwn(wait)) return this.#fail("a token that no side has made");
    if (/^[$#]/.test(wait) || wait[1] === "!") this.#fail("a reserved token");
    if (this.#serverTokens.has(wait)) this.#fail("a token was used twice");
    this.#serverTokens.add(wait);
    this.#ownPrefix = wait.slice(0, wait.indexOf(".") + 1);
    if (isMembership(event)) {
      const isBusy = [...this.#flights.values(), ...this.asked].some((other) =>
        other.namespace === namespace
      );
      if (isBusy) this.tainted.add(namespace);
    }
    this.asked.push(frame);
  }

  #checkClose(code: number, reason: string): void {
    const isFair = code === 1009
      ? this.#hasSentTooMuch
      : code === 1008
      ? !reason.includes("wait to be handled") ||
        this.sent > this.#terms.maxQueued
      : [1001, 4001, 4100, 4101].includes(code);
    if (!isFair) this.#fail(`was closed with ${code} "${reason}"`);
  }

  #fail(text: string): void {
    this.#log.fail(`client ${this.id}: ${text}`);
  }

  #note(text: string, mark: number): void {
    this.#log.add(`${this.id} ${text}`, mark ^ this.id << 8);
  }
}

function show(data: RawBody): string {
  return typeof data === "string"
    ? JSON.stringify(data)
    : `bytes ${JSON.stringify(new TextDecoder().decode(data))}`;
}

/** Whether two names are equal after UTF-8 encoding. */
function sameText(a: string, b: string): boolean {
  return a === b || a.toWellFormed() === b.toWellFormed();
}
