import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { nextTick } from "node:process";
import { handOver } from "./handover.ts";
import type { CloseInfo, Socket } from "./socket.ts";
import { type WsServer, wsUpgrader, type WsUpgraderOptions } from "./ws.ts";

/** The network socket of a connection, which logs what it is told. */
class FakeRaw {
  readonly log: string[] = [];
  readonly #listeners = new Map<string, (() => void)[]>();
  destroyed = false;
  bytesRead = 0;
  writableNeedDrain = false;

  cork(): void {
    this.log.push("cork");
  }
  uncork(): void {
    this.log.push("uncork");
  }
  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
  on(event: string, listener: () => void): void {
    const listeners = this.#listeners.get(event) ?? [];
    this.#listeners.set(event, [...listeners, listener]);
  }
  emit(event: string): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      listener.call(this);
    }
  }
}

/** A websocket of `ws`, which logs what it is told. */
class FakeWs {
  readonly #raw: FakeRaw;
  readonly #listeners = new Map<string, (...args: never[]) => void>();
  readyState = 1;
  bufferedAmount = 0;
  binaryType = "nodebuffer";

  constructor(raw: FakeRaw) {
    this.#raw = raw;
  }

  on(event: string, listener: (...args: never[]) => void): void {
    this.#listeners.set(event, listener);
  }
  emit(event: string, ...args: unknown[]): void {
    this.#listeners.get(event)?.apply(this, args as never[]);
  }
  send(data: string | Uint8Array, { compress }: { compress: boolean }): void {
    this.#raw.log.push(`send ${data}${compress ? " compressed" : ""}`);
  }
  ping(): void {
    this.#raw.log.push("ping");
  }
  close(code?: number, reason?: string): void {
    if (code === 999) throw new TypeError("First argument must be a code");
    this.#raw.log.push(`close ${code} ${reason}`);
  }
  terminate(): void {
    this.#raw.log.push("terminate");
    this.readyState = 3;
    this.emit("close", 1006, "");
  }
  pause(): void {
    this.#raw.log.push("pause");
  }
  resume(): void {
    this.#raw.log.push("resume");
  }
}

/** A server of `ws` that opens each websocket at once, unless it refuses. */
class FakeServer implements WsServer {
  onHeaders: (headers: string[], request: object) => void = () => {};
  opened: FakeWs | undefined;
  refuses = false;

  on(_event: string, listener: (...args: never[]) => void): void {
    this.onHeaders = listener as typeof this.onHeaders;
  }
  handleUpgrade(
    _request: object,
    socket: object,
    _head: Uint8Array,
    callback: (socket: FakeWs) => void,
  ): void {
    if (this.refuses) return (socket as FakeRaw).destroy();
    this.opened = new FakeWs(socket as FakeRaw);
    callback(this.opened);
  }
}

/** A socket of the upgrader, and both sides of it. */
class Scene {
  readonly server = new FakeServer();
  readonly raw = new FakeRaw();
  readonly headers: Record<string, string> = {};
  readonly request = { headers: this.headers };
  readonly log: string[] = [];
  readonly ends: CloseInfo[] = [];
  readonly socket: Socket;
  readonly #accept: (response: Response) => void;
  readonly response: Response;

  constructor(options?: WsUpgraderOptions, protocol?: string) {
    const request = new Request("http://localhost/");
    const raw = {
      request: this.request,
      socket: this.raw,
      head: new Uint8Array(),
    };
    const handover = handOver(request, raw);
    const upgrader = wsUpgrader(this.server, { idleTimeout: 0, ...options });
    const upgraded = upgrader(request, protocol);
    this.socket = upgraded.socket;
    this.response = upgraded.response;
    this.#accept = handover.accept!;
    this.socket.listen({
      open: () => this.log.push("open"),
      message: (data) => this.log.push(`${data}`),
      drain: () => this.log.push("drain"),
      close: (info) => this.ends.push(info),
    });
  }

  open(): FakeWs {
    this.#accept(this.response);
    return this.server.opened!;
  }
}

const turn = () => new Promise<void>((resolve) => nextTick(resolve));

Deno.test("wsUpgrader() opens a socket once the response is returned", () => {
  const scene = new Scene();
  assertEquals(scene.response.status, 101);
  assertEquals(scene.socket.send("early"), false);
  scene.open();
  assertEquals(scene.log, ["open"]);
});

Deno.test("wsUpgrader() writes what is sent in one turn together", async () => {
  const scene = new Scene();
  scene.open();
  scene.socket.send("a");
  scene.socket.send("b");
  assertEquals(scene.raw.log, ["cork", "send a", "send b"]);
  await turn();
  assertEquals(scene.raw.log.splice(0), ["cork", "send a", "send b", "uncork"]);
  scene.socket.send("c");
  await turn();
  assertEquals(scene.raw.log, ["cork", "send c", "uncork"]);
});

Deno.test("wsUpgrader() compresses from a length on", () => {
  const scene = new Scene({ compressFrom: 3 });
  scene.open();
  for (const data of ["ab", "abc", new Uint8Array(3)]) scene.socket.send(data);
  assertEquals(scene.raw.log.slice(1), [
    "send ab",
    "send abc compressed",
    "send 0,0,0 compressed",
  ]);
});

Deno.test("wsUpgrader() answers with the server's protocol, and added headers", () => {
  for (const protocol of [undefined, "b"]) {
    const scene = new Scene({}, protocol);
    scene.headers["sec-websocket-protocol"] = "a, b";
    scene.response.headers.append("set-cookie", "a=1");
    scene.response.headers.append("set-cookie", "b=2");
    scene.response.headers.set("connection", "close");
    scene.open();
    assertEquals(scene.headers["sec-websocket-protocol"], protocol);
    const headers = ["Upgrade: websocket"];
    scene.server.onHeaders(headers, scene.request);
    assertEquals(headers, [
      "Upgrade: websocket",
      "set-cookie: a=1",
      "set-cookie: b=2",
    ]);
    const others: string[] = [];
    scene.server.onHeaders(others, {});
    assertEquals(others, []);
  }
});

Deno.test("wsUpgrader() hands over text and bytes", () => {
  const scene = new Scene();
  const ws = scene.open();
  assertEquals(ws.binaryType, "arraybuffer");
  ws.emit("message", { toString: () => "text" }, false);
  ws.emit("message", new Uint8Array([1, 2]).buffer, true);
  assertEquals(scene.log, ["open", "text", "1,2"]);
});

Deno.test("wsUpgrader() tells the end once, and of a message that was too large", () => {
  const scene = new Scene();
  const ws = scene.open();
  ws.emit("error", { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" });
  ws.emit("close", 1006, "");
  scene.raw.emit("close");
  assertEquals(scene.ends, [{ code: 1009, reason: "", wasClean: false }]);
  const other = new Scene();
  other.open().emit("close", 4000, { toString: () => "bye" });
  assertEquals(other.ends, [{ code: 4000, reason: "bye", wasClean: true }]);
});

Deno.test("wsUpgrader() ends a socket whose connection is lost before it opens", () => {
  const lost = new Scene();
  lost.raw.destroy();
  assertEquals(lost.ends.map(({ code }) => code), [1006]);
  lost.open();
  const refused = new Scene();
  refused.server.refuses = true;
  refused.open();
  for (const { ends, log } of [lost, refused]) {
    assertEquals(ends.map(({ code }) => code), [1006]);
    assertEquals(log, []);
  }
});

Deno.test("wsUpgrader() closes a socket that was closed before it has opened", () => {
  const scene = new Scene();
  scene.socket.close(4000, "no");
  scene.open();
  assertEquals(scene.raw.log, ["close 4000 no"]);
  assertEquals(scene.log, []);
});

Deno.test("wsUpgrader() closes without a code that ws refuses", () => {
  const scene = new Scene();
  scene.open();
  scene.socket.close(999);
  assertEquals(scene.raw.log, ["close undefined undefined"]);
});

Deno.test("wsUpgrader() terminates with and without a websocket", async () => {
  const early = new Scene();
  early.socket.terminate!();
  assert(early.raw.destroyed);
  const scene = new Scene();
  scene.open();
  scene.socket.send("a");
  scene.socket.terminate!();
  await turn();
  assertEquals(scene.log, ["open"]);
  assertEquals(scene.ends.length, 1);
  assertEquals(scene.socket.send("b"), false);
});

Deno.test("wsUpgrader() stops reading while a peer leaves its pongs unread", () => {
  const scene = new Scene();
  const ws = scene.open();
  ws.emit("ping");
  assertEquals(scene.raw.log, []);
  scene.raw.writableNeedDrain = true;
  ws.emit("ping");
  assertEquals(scene.raw.log.splice(0), ["pause"]);
  scene.raw.emit("drain");
  assertEquals(scene.raw.log.splice(0), ["resume"]);
  // Not if the server wants to read no more.
  ws.emit("ping");
  scene.socket.pause!();
  scene.raw.log.length = 0;
  scene.raw.emit("drain");
  assertEquals(scene.raw.log, []);
  scene.socket.resume!();
  assertEquals(scene.raw.log.splice(0), ["resume"]);
  // And not while its pongs wait, although the server would read on.
  ws.emit("ping");
  scene.socket.pause!();
  scene.socket.resume!();
  assertEquals(scene.raw.log.splice(0), ["pause", "pause"]);
  scene.raw.emit("drain");
  assertEquals(scene.raw.log, ["resume"]);
  assertEquals(scene.log, ["open", "drain", "drain", "drain"]);
});

Deno.test("wsUpgrader() pings a silent peer, and ends one that stays silent", () => {
  using time = new FakeTime();
  const scene = new Scene({ idleTimeout: 30 });
  const ws = scene.open();
  for (
    const hear of [
      () => scene.raw.bytesRead++,
      () => ws.emit("message", "x", false),
      () => ws.emit("pong"),
      () => ws.emit("ping"),
    ]
  ) {
    hear();
    time.tick(15_000);
    assertEquals(scene.raw.log, []);
  }
  time.tick(15_000);
  assertEquals(scene.raw.log.splice(0), ["ping"]);
  ws.emit("pong");
  time.tick(15_000);
  time.tick(15_000);
  assertEquals(scene.raw.log.splice(0), ["ping"]);
  time.tick(15_000);
  assertEquals(scene.raw.log, ["close 1001 ", "terminate"]);
  assertEquals(scene.ends, [{ code: 1001, reason: "", wasClean: false }]);
});

Deno.test("wsUpgrader() does not end a peer that it does not read", () => {
  using time = new FakeTime();
  const scene = new Scene({ idleTimeout: 30 });
  const ws = scene.open();
  scene.socket.pause!();
  for (let i = 0; i < 10; i++) time.tick(15_000);
  assertEquals(new Set(scene.raw.log), new Set(["pause", "ping"]));
  ws.emit("close", 1006, "");
});

Deno.test("wsUpgrader() pings nobody without an idle timeout", () => {
  using time = new FakeTime();
  for (const idleTimeout of [0, Infinity]) {
    const scene = new Scene({ idleTimeout });
    scene.open();
    time.tick(1e9);
    assertEquals(scene.raw.log, []);
  }
});

Deno.test("wsUpgrader() refuses what is no server of ws, and odd options", () => {
  assertThrows(
    () => wsUpgrader({} as WsServer),
    TypeError,
    "it must be a WebSocketServer of the package ws",
  );
  const server = new FakeServer();
  assertThrows(() => wsUpgrader(server, { idleTimeout: -1 }), RangeError);
  assertThrows(() => wsUpgrader(server, { compressFrom: NaN }), RangeError);
  assertThrows(
    () => wsUpgrader(server)(new Request("http://localhost/"), undefined),
    TypeError,
    "Cannot upgrade a request that does not come from serveNode()",
  );
});
