import { makeDeferred } from "../../neffos/internal.ts";
import { connect, type Socket } from "node:net";
import {
  CLOSE,
  type Frame,
  type FrameOptions,
  makeFrame,
  takeFrame,
  TEXT,
} from "./frame.ts";

const KEY = "AAAAAAAAAAAAAAAAAAAAAA==";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A client over TCP that writes what a test tells it, in Deno, Node and Bun. */
export class TcpPeer implements Disposable {
  readonly #socket: Socket;
  #bytes = new Uint8Array();
  #hasEnded = false;
  #wake = () => {};
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const { promise, resolve } = makeDeferred<void>();
    this.ended = promise;
    socket.setNoDelay();
    socket.on("data", (chunk: Uint8Array) => {
      const joined = new Uint8Array(this.#bytes.length + chunk.length);
      joined.set(this.#bytes);
      joined.set(chunk, this.#bytes.length);
      this.#bytes = joined;
      this.#wake();
    });
    socket.on("error", () => {});
    const end = () => {
      this.#hasEnded = true;
      this.#wake();
      resolve();
    };
    socket.on("end", end);
    socket.on("close", end);
  }

  /** Opens a connection. */
  static async open(port: number): Promise<TcpPeer> {
    const { promise, resolve, reject } = makeDeferred<void>();
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: false });
    socket.once("error", reject);
    socket.once("connect", resolve);
    await promise;
    return new TcpPeer(socket);
  }

  /** Opens a websocket, and says hello. */
  static async enter(port: number, namespace = "chat"): Promise<TcpPeer> {
    const peer = await TcpPeer.open(port);
    const head = await peer.upgrade();
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(head);
    peer.send("M");
    await peer.text();
    peer.send(`#1;${namespace};;_OnNamespaceConnect;0;0;`);
    await peer.text();
    return peer;
  }

  /** Asks for an upgrade; returns the head of the answer. */
  async upgrade(
    headers: Record<string, string> = {},
    line = "GET /ws HTTP/1.1",
  ): Promise<string> {
    const all = {
      host: "127.0.0.1",
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": KEY,
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) =>
      `${name}: ${value}\r\n`
    );
    this.write(`${line}\r\n${lines.join("")}\r\n`);
    return await this.head();
  }

  /** Writes bytes, or text. */
  write(data: Uint8Array | string): void {
    this.#socket.write(typeof data === "string" ? encoder.encode(data) : data);
  }

  /** Writes a frame. */
  frame(
    opcode: number,
    data: Uint8Array | string = "",
    options: FrameOptions = {},
  ): void {
    this.write(makeFrame(opcode, data, options));
  }

  /** Writes a text frame. */
  send(text: string): void {
    this.frame(TEXT, text);
  }

  /** Reads the head of an answer; what there is if the connection ends. */
  async head(): Promise<string> {
    return await this.until("\r\n\r\n");
  }

  /** Reads until a text has come, and takes all up to its end. */
  async until(mark: string): Promise<string> {
    while (true) {
      const text = decoder.decode(this.#bytes);
      const at = text.indexOf(mark);
      if (at >= 0 || this.#hasEnded) {
        const taken = at >= 0 ? text.slice(0, at + mark.length) : text;
        this.#bytes = this.#bytes.slice(encoder.encode(taken).length);
        return taken;
      }
      await this.#more();
    }
  }

  /** Reads to the end of the connection. */
  async rest(): Promise<string> {
    while (!this.#hasEnded) await this.#more();
    return decoder.decode(this.#bytes);
  }

  /** Reads the next frame; `undefined` at the end of the connection. */
  async next(): Promise<Frame | undefined> {
    while (true) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      if (this.#hasEnded) return undefined;
      await this.#more();
    }
  }

  /** Reads the next text; `undefined` at the end of the connection. */
  async text(): Promise<string | undefined> {
    while (true) {
      const frame = await this.next();
      if (frame === undefined) return undefined;
      if (frame.opcode === TEXT) return decoder.decode(frame.data);
    }
  }

  /** Reads to a close frame; returns its code, 1006 at an end without one. */
  async close(isAnswered = true): Promise<number> {
    while (true) {
      const frame = await this.next();
      if (frame === undefined) return 1006;
      if (frame.opcode !== CLOSE) continue;
      if (isAnswered) this.frame(CLOSE, frame.data);
      return frame.data.length < 2
        ? 1005
        : frame.data[0]! * 256 + frame.data[1]!;
    }
  }

  /** Reads no more, until it is told to. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#socket.resume();
  }

  /** Ends the connection without a word. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #more(): Promise<void> {
    await new Promise<void>((resolve) => this.#wake = resolve);
  }

  #take(): Frame | undefined {
    const taken = takeFrame(this.#bytes);
    if (taken === undefined) return undefined;
    this.#bytes = this.#bytes.slice(taken.length);
    return taken.frame;
  }
}
