import type { RawBody } from "../protocol/message.ts";
import {
  type CloseInfo,
  cutReason,
  type Socket,
  type SocketListener,
} from "./socket.ts";

const EVENTS = ["open", "message", "error", "close"];

/** A {@linkcode Socket} over the WebSocket of the platform. */
export class WebSocketAdapter implements Socket, EventListenerObject {
  readonly #ws: WebSocket;
  #listener: SocketListener | undefined;
  #isOpen = false;
  #closing: [code: number, reason: string] | undefined;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.binaryType = "arraybuffer";
  }

  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
    for (const type of EVENTS) this.#ws.addEventListener(type, this);
  }

  /** The adapter itself is the listener, to save four closures for each socket. */
  handleEvent(event: Event): void {
    const listener = this.#listener!;
    switch (event.type) {
      case "message": {
        const { data } = event as MessageEvent;
        listener.message(
          typeof data === "string" ? data : new Uint8Array(data),
        );
        break;
      }
      case "open":
        // Deno drops a close() before the open event.
        if (this.#closing !== undefined) return this.#close(...this.#closing);
        this.#isOpen = true;
        this.#ws.removeEventListener("open", this);
        listener.open();
        break;
      case "error":
        // A close event always follows. Deno throws an error that is not
        // prevented; the events of `ws`, in Node, cannot be prevented.
        event.preventDefault?.();
        break;
      case "close":
        this.#isOpen = false;
        // At an idle timeout Deno fires it twice.
        this.#ws.removeEventListener("close", this);
        listener.close(toCloseInfo(event as CloseEvent));
    }
  }

  send(data: RawBody): boolean {
    if (!this.#isOpen) return false;
    this.#ws.send(data as string | Uint8Array<ArrayBuffer>);
    return true;
  }

  close(code = 1000, reason = ""): void {
    if (this.#closing !== undefined) return;
    this.#closing = [code, reason];
    this.#isOpen = false;
    this.#close(code, reason);
  }

  #close(code: number, reason: string): void {
    try {
      this.#ws.close(code, cutReason(reason));
    } catch {
      // A browser accepts only 1000 and 3000 to 4999 from a page.
      this.#ws.close();
    }
  }
}

function toCloseInfo({ code, reason, wasClean }: CloseEvent): CloseInfo {
  // Deno gives 0 if the socket has ended without a close frame.
  return code === 0
    ? { code: 1006, reason, wasClean: false }
    : { code, reason, wasClean };
}
