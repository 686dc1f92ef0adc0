import {
  CLOSE,
  type Frame,
  type FrameOptions,
  makeFrame,
  takeFrame,
  TEXT,
} from "../transports/frame.ts";
import { within } from "../interop/journal.ts";

export {
  BINARY,
  CLOSE,
  type Frame,
  type FrameOptions,
  makeFrame,
  PING,
  PONG,
  repeat,
  TEXT,
} from "../transports/frame.ts";

/** The time limit of every read, in milliseconds. */
export const DEADLINE = 20_000;

/** A response over HTTP. */
export interface Answer {
  readonly status: number;
  readonly head: string;
}

/** How a connection has ended: the close code, or that there was none. */
export type Ending = number | "dropped";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A client without rules: it writes exactly the bytes it is given. */
export class Peer implements Disposable {
  readonly #tcp: Deno.TcpConn;
  #buffer = new Uint8Array();
  #isOpen = true;

  private constructor(tcp: Deno.TcpConn) {
    this.#tcp = tcp;
  }

  /** Opens a TCP connection. */
  static async connect(port: number): Promise<Peer> {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
    // Small writes would wait for later ones.
    tcp.setNoDelay();
    return new Peer(tcp);
  }

  /** Writes bytes or text; returns whether all were written. */
  async write(data: Uint8Array | string): Promise<boolean> {
    let rest = typeof data === "string" ? encoder.encode(data) : data;
    try {
      while (rest.length > 0) {
        rest = rest.subarray(await this.#tcp.write(rest));
      }
      return true;
    } catch {
      // The server has closed, which the reader will notice.
      return false;
    }
  }

  /** Requests an upgrade; returns the response, 101 if it was granted. */
  async upgrade(
    path: string,
    headers: Record<string, string> = {},
    first = `GET ${path} HTTP/1.1`,
  ): Promise<Answer> {
    const all = {
      host: "127.0.0.1",
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) =>
      `${name}: ${value}`
    );
    await this.write(`${first}\r\n${lines.join("\r\n")}\r\n\r\n`);
    return await this.answer();
  }

  /** Reads the head of a response; status 0 without one. */
  async answer(): Promise<Answer> {
    while (true) {
      const text = decoder.decode(this.#buffer);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        const head = text.slice(0, end);
        this.#buffer = this.#buffer.subarray(
          encoder.encode(head).length + 4,
        );
        return { status: Number(head.slice(9, 12)), head };
      }
      if (!await this.#read()) return { status: 0, head: text };
    }
  }

  /** Reads a body until the connection ends. */
  async rest(): Promise<string> {
    while (await this.#read());
    return decoder.decode(this.#buffer);
  }

  /** Sends a frame. */
  frame(
    opcode: number,
    data: Uint8Array | string = "",
    options: FrameOptions = {},
  ): Promise<boolean> {
    return this.write(makeFrame(opcode, data, options));
  }

  /** Sends a text frame. */
  send(text: string): Promise<boolean> {
    return this.frame(TEXT, text);
  }

  /** Sends a text frame and waits for the next one received. */
  async ask(text: string): Promise<string> {
    await this.send(text);
    return await this.text();
  }

  /** Returns the next text, or the end of the connection. */
  async text(): Promise<string> {
    while (true) {
      const frame = await this.next();
      if (frame === undefined) return "dropped";
      if (frame.opcode === CLOSE) return `closed ${codeOf(frame)}`;
      if (frame.opcode === TEXT) return decoder.decode(frame.data);
    }
  }

  /** Returns the next frame, `undefined` at the end of the connection. */
  async next(): Promise<Frame | undefined> {
    while (true) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      if (!await this.#read()) return undefined;
    }
  }

  /** Reads until the server closes; answers the close if asked to. */
  async ended(isPolite = true): Promise<Ending> {
    while (true) {
      const frame = await this.next();
      if (frame === undefined) return "dropped";
      if (frame.opcode !== CLOSE) continue;
      // Do not wait for a server that reads no more.
      if (isPolite) void this.frame(CLOSE, frame.data);
      return codeOf(frame);
    }
  }

  /** Ends this side of the connection, with a reset if data is unread. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#tcp.close();
  }

  async #read(): Promise<boolean> {
    const chunk = new Uint8Array(64 * 1024);
    let count: number | null;
    try {
      count = await within(this.#tcp.read(chunk), DEADLINE, "an answer");
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return false;
      // Otherwise the read would outlive the test.
      this[Symbol.dispose]();
      throw error;
    }
    if (count === null) return false;
    const joined = new Uint8Array(this.#buffer.length + count);
    joined.set(this.#buffer);
    joined.set(chunk.subarray(0, count), this.#buffer.length);
    this.#buffer = joined;
    return true;
  }

  #take(): Frame | undefined {
    const taken = takeFrame(this.#buffer);
    if (taken === undefined) return undefined;
    this.#buffer = this.#buffer.subarray(taken.length);
    return taken.frame;
  }
}

function codeOf({ data }: Frame): Ending {
  return data.length < 2 ? 1005 : data[0]! * 256 + data[1]!;
}
