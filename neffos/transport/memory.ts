/**
 * {@linkcode socketPair}: a transport inside one process, for tests.
 *
 * @module
 */

import type { RawBody } from "../protocol/message.ts";
import {
  type CloseInfo,
  cutReason,
  type Socket,
  type SocketListener,
} from "./socket.ts";

/**
 * Makes two sockets that are connected to each other inside this process.
 * Frames arrive in order, and never within the call of `send`.
 *
 * @returns The two ends.
 *
 * @example
 * ```ts
 * import { socketPair } from "@neffos/mvc";
 *
 * const [left, right] = socketPair();
 * const received = Promise.withResolvers<string | Uint8Array>();
 * left.listen({ open: () => left.send("hi"), message() {}, close() {} });
 * right.listen({ open() {}, message: received.resolve, close() {} });
 * console.log(await received.promise); // hi
 * ```
 */
export function socketPair(): [Socket, Socket] {
  const left = new MemorySocket();
  const right = new MemorySocket();
  left.join(right);
  right.join(left);
  return [left, right];
}

class MemorySocket implements Socket {
  readonly can = { terminate: true, pause: true, count: true };
  #peer!: MemorySocket;
  #listener: SocketListener | undefined;
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  #received: RawBody[] = [];
  #receivedBytes = 0;
  #isScheduled = false;
  #isPaused = false;
  #end: CloseInfo | undefined;

  get bufferedAmount(): number {
    return this.#peer.#receivedBytes;
  }

  get bufferedMessages(): number {
    return this.#peer.#received.length;
  }

  join(peer: MemorySocket): void {
    this.#peer = peer;
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
    this.#schedule();
  }

  send(data: RawBody): boolean {
    if (this.#state !== "open") return false;
    this.#peer.#received.push(
      typeof data === "string" ? data : data.slice(),
    );
    this.#peer.#receivedBytes += data.length;
    this.#peer.#schedule();
    return true;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  close(code = 1000, reason = ""): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#state = "closing";
    const end = { code, reason: cutReason(reason), wasClean: true };
    this.#peer.#finish(end);
    // A peer that does not read does not answer the close frame.
    if (!this.#peer.#isPaused) this.#finish(end);
  }

  terminate(): void {
    const end = { code: 1006, reason: "", wasClean: false };
    for (const each of [this.#peer, this]) {
      each.#isPaused = false;
      each.#finish(end);
    }
  }

  #finish(end: CloseInfo): void {
    this.#end ??= end;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#listener === undefined) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#deliver(this.#listener!);
    });
  }

  #deliver(listener: SocketListener): void {
    if (this.#state === "connecting") {
      this.#state = "open";
      listener.open();
    }
    const received = this.#received;
    this.#received = [];
    let handled = 0;
    while (handled < received.length && !this.#isPaused) {
      const data = received[handled++]!;
      this.#receivedBytes -= data.length;
      listener.message(data);
    }
    if (handled < received.length) {
      this.#received = [...received.slice(handled), ...this.#received];
    }
    if (this.#isPaused || this.#end === undefined) return;
    if (this.#state === "closed") return;
    this.#state = "closed";
    listener.close(this.#end);
    this.#peer.#finish(this.#end);
  }
}
