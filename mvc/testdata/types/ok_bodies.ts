import { dial, type NSConn, reply } from "../../../mod.ts";

interface Chat {
  readonly from: string;
  readonly tags: readonly string[];
  readonly at: Date;
}
class Point {
  constructor(readonly x: number, readonly y: number) {}
  distance() {
    return Math.hypot(this.x, this.y);
  }
}
declare const nsConn: NSConn;
declare const chat: Chat;
declare const record: Record<string, unknown>;

nsConn.emit("on", chat);
nsConn.emit("on", [chat]);
nsConn.emit("on", new Point(1, 2));
nsConn.emit("on", record);
nsConn.emit("on", { then: "a step", bind: false, when: new Date() });
nsConn.emit("on", new Date());
nsConn.emit("on", new URL("https://example.com"));
nsConn.emit("on", new Float32Array(2));
nsConn.emit("on", new ArrayBuffer(2));
nsConn.emit("on", null);
nsConn.emit("on");
reply(chat);

export function send<T extends object>(value: T) {
  return nsConn.ask("on", value);
}

await dial("ws://localhost", {}, {
  bodyCodec: {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (body) => JSON.parse(new TextDecoder().decode(body as Uint8Array)),
  },
});
