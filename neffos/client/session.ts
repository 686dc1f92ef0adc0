import type { Host } from "../connection/host.ts";
import type { HeartbeatOptions } from "../connection/limits.ts";
import { Session } from "../connection/session.ts";
import { encode } from "../protocol/codec.ts";
import { parseErrorText } from "../protocol/errors.ts";
import { OnNamespaceDisconnect } from "../protocol/event_names.ts";
import type { Socket } from "../transport/socket.ts";
import { ClientSendBuffer } from "./send_buffer.ts";
import { HELLO, REFUSAL, WELCOME } from "../protocol/handshake.ts";

/** What a {@linkcode ClientSession} needs from its client. */
export interface ClientSessionHost extends Host {
  /** How a client notices that its server has gone without a word. */
  readonly heartbeat: Required<HeartbeatOptions> | undefined;
  /** Called when the connection can be used. */
  onOpen(): void;
  /** Called when the server has refused the connection. */
  onRefused(error: Error): void;
}

/**
 * A sign of life is asked for by leaving a namespace that nobody has: servers of
 * this module and in Go answer at once, and call no handler. Go's does not
 * answer an ask with the mark for "no operation".
 */
const HEARTBEAT = {
  namespace: "_heartbeat",
  room: "",
  event: OnNamespaceDisconnect,
  body: "",
};
/** A timer that is late by more, in milliseconds, has slept with its machine. */
const LATE = 1_000;

/** A connection of a client, which the server accepts or refuses. */
export class ClientSession extends Session {
  declare readonly host: ClientSessionHost;
  declare readonly buffer: ClientSendBuffer;

  protected makeBuffer(socket: Socket): ClientSendBuffer {
    return new ClientSendBuffer(socket, this);
  }

  protected greet(): void {
    this.buffer.send(HELLO);
  }

  protected takeGreeting(text: string): boolean {
    const rest = text.slice(1);
    if (text.startsWith(WELCOME)) {
      this.id = rest;
      this.decide();
    } else if (text.startsWith(REFUSAL)) {
      this.host.onRefused(parseErrorText(rest));
      // The server closes the socket itself, with its own code.
      const { closeTimeout } = this.host.limits;
      this.setLimit("goodbye", closeTimeout, () => this.close());
    } else return false;
    return true;
  }

  protected welcome(): void {
    this.host.onOpen();
    this.#awaitPulse();
  }

  /** Asks a peer that is silent for a sign of life. */
  #awaitPulse(): void {
    const { heartbeat, handlers } = this.host;
    if (heartbeat === undefined || handlers.native === "only") return;
    const ask = () => this.#askForPulse(heartbeat.timeout);
    this.awaitMessage("pulse", heartbeat.interval, ask);
  }

  /** Asks for a sign of life, and gives up a peer that shows none. */
  #askForPulse(timeout: number, isSecond = false): void {
    const { patience } = this.buffer;
    const write = (wait: string) => encode({ wait, ...HEARTBEAT });
    this.asks.send(write, () => this.#awaitPulse());
    this.#awaitAnswer(timeout, isSecond, patience);
  }

  /** Waits for a sign of life, behind what the peer has yet to read. */
  #awaitAnswer(
    timeout: number,
    isSecond: boolean,
    patience: number | undefined,
  ): void {
    const { received } = this.receiver;
    const { taken } = this.buffer;
    const due = Date.now() + timeout;
    this.setLimit("pulse", timeout, () => {
      if (this.receiver.received !== received) return this.#awaitPulse();
      if (patience !== undefined) {
        const isRead = this.buffer.taken > taken;
        const left = isRead ? this.buffer.patience : patience - timeout;
        if (isRead || left! > 0) {
          return this.#awaitAnswer(timeout, isSecond, left);
        }
      }
      // What has come while the machine slept may not have been read yet.
      const hasSlept = Date.now() > due + LATE;
      if (hasSlept && !isSecond) return this.#askForPulse(timeout, true);
      this.giveUp(4003, "no answer to the heartbeat");
    });
  }
}
