import type { RawBody } from "../protocol/message.ts";
import {
  type CloseInfo,
  cutReason,
  type Socket,
  type SocketListener,
} from "./socket.ts";

const EVENTS = ["open", "message", "error", "close"];

/** The end of a socket that has never opened. */
const UNOPENED: CloseInfo = { code: 1006, reason: "", wasClean: false };

/** A {@linkcode Socket} over the WebSocket of the platform. */
export class WebSocketAdapter implements Socket, EventListenerObject {
  readonly #ws: WebSocket;
  #listener: SocketListener | undefined;
  #state: "connecting" | "open" | "closed" = "connecting";
  #closing: [code: number, reason: string] | undefined;
  #failure: unknown;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.binaryType = "arraybuffer";
  }

  get isRemote(): boolean {
    return true;
  }

  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }

  get failure(): unknown {
    return this.#failure;
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
        this.#state = "open";
        this.#ws.removeEventListener("open", this);
        listener.open();
        break;
      case "error":
        // Deno throws an error that is not prevented; the events of `ws`, in
        // Node, cannot be prevented.
        event.preventDefault?.();
        // Node 22 fires no close event for a socket that has not opened.
        if (this.#state === "connecting") {
          this.#failure = toFailure(event);
          this.#end(UNOPENED);
        }
        break;
      case "close":
        this.#end(toCloseInfo(event as CloseEvent));
    }
  }

  /** Reports the end once: at an idle timeout Deno fires a second close. */
  #end(info: CloseInfo): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const type of ["open", "message", "close"]) {
      this.#ws.removeEventListener(type, this);
    }
    this.#listener!.close(info);
  }

  send(data: RawBody): boolean {
    if (this.#state !== "open" || this.#closing !== undefined) return false;
    this.#ws.send(data as string | Uint8Array<ArrayBuffer>);
    return true;
  }

  close(code = 1000, reason = ""): void {
    if (this.#closing !== undefined) return;
    this.#closing = [code, reason];
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

/** Takes the error out of an error event; a browser's has none. */
function toFailure(event: Event): unknown {
  const { error, message } = event as Partial<ErrorEvent>;
  return error ?? new Error(message ?? "");
}

function toCloseInfo({ code, reason, wasClean }: CloseEvent): CloseInfo {
  // Deno gives 0 if the socket has ended without a close frame.
  return code === 0
    ? { code: 1006, reason, wasClean: false }
    : { code, reason, wasClean };
}
