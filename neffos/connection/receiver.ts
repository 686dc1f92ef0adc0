import type { RawBody } from "../protocol/message.ts";
import type { ConnectionSlot } from "../server/admission.ts";
import type { CloseInfo, SocketListener } from "../transport/socket.ts";
import { Bucket } from "./limits.ts";
import type { Core } from "./session.ts";

/** How many of the largest messages may wait to be handled. */
const LARGE = 16;

/** What comes in over the socket of one connection, and how much of it may. */
export class Intake implements SocketListener {
  readonly #core: Core;
  readonly #place: ConnectionSlot | undefined;
  readonly #bucket: Bucket | undefined;
  /** Frames that came before the connection was accepted. */
  #early: RawBody[] = [];
  #wasHeard = false;

  /** A server counts the socket by its place. */
  constructor(core: Core, place: ConnectionSlot | undefined) {
    const { rate } = core.host;
    this.#core = core;
    this.#place = place;
    this.#bucket = rate && new Bucket(rate);
  }

  open(): void {
    this.#place?.open();
    this.#core.opened();
  }

  message(data: RawBody): void {
    const { traffic } = this.#core.host;
    traffic.messagesIn++;
    traffic.bytesIn += data.length;
    const bucket = this.#bucket;
    if (bucket === undefined || this.#spend(bucket)) this.#receive(data);
  }

  close(info: CloseInfo): void {
    // The connection itself may have been given up long before.
    this.#place?.release();
    this.#core.closed(info);
  }

  /**
   * The connection is over, and its socket too if that was never opened: Deno
   * says nothing of one whose client leaves before the answer.
   */
  giveUp(): void {
    this.#place?.giveUp();
  }

  /** The connection was accepted: what came before is handled. */
  accept(): void {
    this.#awaitMessage();
    const early = this.#early;
    this.#early = [];
    for (const data of early) {
      this.#core.waitingBytes -= data.length;
      this.#receive(data);
    }
  }

  /** Forgets what came before the connection was accepted. */
  drop(): void {
    this.#early = [];
  }

  #spend(bucket: Bucket): boolean {
    if (bucket.take()) return true;
    const { messages, per } = this.#core.host.rate!;
    const reason = `${messages} messages in ${per} ms may come`;
    this.#core.cross("rateLimit", 1008, reason);
    return false;
  }

  #receive(data: RawBody): void {
    this.#wasHeard = true;
    const core = this.#core;
    const { isClient, limits: { maxPayload, maxQueued } } = core.host;
    if (exceeds(data, maxPayload)) {
      const reason = `a message may have ${maxPayload} bytes`;
      core.cross("maxPayload", 1009, reason);
    } else if (core.status === "open") {
      core.dispatcher.receive(data);
    } else if (core.status === "connecting" && core.handshake(data)) {
      return;
    } else if (!core.isEnding) {
      this.#early.push(data);
      core.waitingBytes += data.length;
    }
    if (core.queue.size + this.#early.length + core.held > maxQueued) {
      const reason = `${maxQueued} messages may wait to be handled`;
      core.cross("maxQueued", 1008, reason);
    } else if (!isClient && core.waitingBytes > LARGE * maxPayload) {
      const reason = `${LARGE * maxPayload} bytes may wait to be handled`;
      core.cross("maxQueued", 1008, reason);
    }
  }

  /** Closes the connection when nothing is received for too long. */
  #awaitMessage(): void {
    const { deadlines, host } = this.#core;
    const { read } = host.handlers.timeouts;
    if (read === undefined) return;
    deadlines.set("silence", read, () => {
      if (!this.#wasHeard) this.#core.close(4002, "nothing was received");
      else {
        this.#wasHeard = false;
        this.#awaitMessage();
      }
    });
  }
}

/** Whether a frame has more bytes than allowed; text is counted as UTF-8. */
function exceeds(data: RawBody, maxBytes: number): boolean {
  const { length } = data;
  // No UTF-16 unit takes more than three bytes of UTF-8.
  if (length * 3 <= maxBytes) return false;
  if (length > maxBytes) return true;
  return typeof data === "string" &&
    new TextEncoder().encode(data).length > maxBytes;
}
