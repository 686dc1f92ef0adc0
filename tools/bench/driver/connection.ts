import { Buffer } from "node:buffer";
import { makeFrame, PONG, repeat, TEXT } from "../../transports/frame.ts";
import type { Dialect, Exchange } from "./dialects.ts";
import { MessageReader } from "./reader.ts";

/** What a read takes: enough for a large message, little enough for 10,000 connections. */
const BUFFER = 4 * 1024;
const LARGE_BUFFER = 256 * 1024;
const HEAD_END = "\r\n\r\n";

const encoder = new TextEncoder();

/** Where a connection goes. */
export interface Target {
  readonly port: number;
  readonly dialect: Dialect;
}

/** A websocket over TCP, which sends frames that were made before. */
export class Connection {
  readonly #tcp: Deno.TcpConn;
  readonly #dialect: Dialect;
  readonly #reader: MessageReader;
  #buffer: Buffer = Buffer.from(new ArrayBuffer(BUFFER));
  #frames = new Uint8Array();
  #frameLength = 1;
  /** Requests that wait until the last write is done. */
  #owed = 0;
  #isWriting = false;
  #isClosed = false;
  /** The answers to the handshake that nobody has read yet; `undefined` once it is over. */
  #answers: string[] | undefined = [];
  #wake: () => void = () => {};
  /** What is wrong with the server. */
  fault: Error | undefined;
  /** Hears how many awaited messages have come. */
  onMessages: (count: number) => void = () => {};
  /** Hears of the fault. */
  onFault: (error: Error) => void = () => {};

  private constructor(tcp: Deno.TcpConn, dialect: Dialect) {
    this.#tcp = tcp;
    this.#dialect = dialect;
    this.#reader = new MessageReader({
      onOther: (text) => this.#hear(text),
      onPing: () => void this.#write(makeFrame(PONG)),
    });
  }

  /**
   * Opens a websocket and passes the steps before the first message.
   *
   * @throws {Error} When the server answers otherwise.
   */
  static async open({ port, dialect }: Target): Promise<Connection> {
    const tcp = await Deno.connect({ port, hostname: "127.0.0.1" });
    tcp.setNoDelay();
    const connection = new Connection(tcp, dialect);
    const early = await connection.#upgrade();
    void connection.#readAll(early);
    await connection.#enter();
    return connection;
  }

  /** Sets what is sent and what is awaited, and how many may go out in one write. */
  prepare({ request, reply }: Exchange, atOnce: number): void {
    const frame = makeFrame(TEXT, request);
    this.#frameLength = frame.length;
    this.#frames = repeat(frame, atOnce) as Uint8Array<ArrayBuffer>;
    this.#reader.await(encoder.encode(reply));
    if (frame.length > BUFFER) {
      this.#buffer = Buffer.from(new ArrayBuffer(LARGE_BUFFER));
    }
  }

  /** Sends the request some times. */
  send(count: number): void {
    this.#owed += count;
    if (!this.#isWriting) void this.#sendOwed();
  }

  /** Ends the connection without a word. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tcp.close();
  }

  async #sendOwed(): Promise<void> {
    this.#isWriting = true;
    const most = this.#frames.length / this.#frameLength;
    while (this.#owed > 0) {
      const count = Math.min(this.#owed, most);
      this.#owed -= count;
      await this.#write(this.#frames.subarray(0, count * this.#frameLength));
    }
    this.#isWriting = false;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      let written = 0;
      while (written < bytes.length) {
        written += await this.#tcp.write(bytes.subarray(written));
      }
    } catch (error) {
      this.#fail(`the connection has ended: ${error}`);
    }
  }

  /** Asks for the upgrade; returns what has come behind the response. */
  async #upgrade(): Promise<Buffer> {
    const lines = [
      `GET ${this.#dialect.path} HTTP/1.1`,
      "host: 127.0.0.1",
      "connection: Upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    await this.#write(encoder.encode(lines.join("\r\n") + HEAD_END));
    let head = "";
    while (!head.includes(HEAD_END)) {
      const length = await this.#tcp.read(this.#buffer);
      if (length === null) throw new Error("the upgrade was not answered");
      head += this.#buffer.toString("latin1", 0, length);
    }
    if (!head.startsWith("HTTP/1.1 101")) {
      throw new Error(`the upgrade was answered with ${quote(head)}`);
    }
    const end = head.indexOf(HEAD_END) + HEAD_END.length;
    return Buffer.from(head.slice(end), "latin1");
  }

  async #enter(): Promise<void> {
    for (const { request, reply } of this.#dialect.steps) {
      if (request !== undefined) await this.#write(makeFrame(TEXT, request));
      const answer = await this.#nextAnswer();
      if (answer.startsWith(reply)) continue;
      throw new Error(
        `${quote(request)} was answered with ${quote(answer)}`,
      );
    }
    this.#answers = undefined;
  }

  async #nextAnswer(): Promise<string> {
    while (this.#answers!.length === 0) {
      if (this.fault !== undefined) throw this.fault;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#answers!.shift()!;
  }

  async #readAll(early: Buffer): Promise<void> {
    this.#reader.read(early, early.length);
    try {
      while (true) {
        const buffer = this.#buffer;
        const length = await this.#tcp.read(buffer);
        if (length === null) break;
        const count = this.#reader.read(buffer, length);
        if (count > 0) this.onMessages(count);
      }
      this.#fail("the server has ended the connection");
    } catch (error) {
      this.#fail(`the connection has ended: ${error}`);
    }
  }

  #hear(text: string): void {
    const { heartbeat } = this.#dialect;
    if (text === heartbeat?.request) {
      void this.#write(makeFrame(TEXT, heartbeat.reply));
    } else if (this.#answers === undefined) {
      this.#fail(`it sent ${quote(text)}`);
    } else {
      this.#answers.push(text);
      this.#wake();
    }
  }

  #fail(text: string): void {
    if (this.#isClosed || this.fault !== undefined) return;
    this.fault = new Error(text);
    this.#wake();
    this.onFault(this.fault);
  }
}

/** Quotes the beginning of a text. */
function quote(text = ""): string {
  const most = 60;
  if (text.length <= most) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, most))}…`;
}
