import { type Conn, dial, type Message, NSConn } from "../../../mod.ts";

class ChatController {
  static readonly namespace = "chat";
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onNamespaceConnect(msg: Message<{ token: string }>) {
    return msg.json().token === "secret" ? undefined : new Error();
  }
}
class OpenController {
  static readonly namespace = "open";
  onNamespaceConnect(_nsConn: NSConn, msg: Message) {
    return msg.text() === "" ? undefined : new Error();
  }
}
class SilentController {
  static readonly namespace = "silent";
  onNamespaceConnect() {}
  onSay(_nsConn: NSConn, msg: Message<string>) {
    return msg.text();
  }
}
declare const conn: Conn;
declare function readToken(): Promise<string>;

const client = await dial("ws://localhost", { chat: {} });
const body = { token: "x" };
await client.connect<typeof ChatController>("chat", { body });
await client.connect<typeof ChatController>("chat", {
  body: async () => ({ token: await readToken() }),
  timeout: 5_000,
});
await client.connect<typeof OpenController>("open");
await client.connect<typeof OpenController>("open", { body: [1, 2] });
await client.connect<typeof SilentController>("silent", { body: "x" });
await client.connect("any", { body, signal: AbortSignal.timeout(1) });
await conn.connect("any");
await conn.connect("any", { body: () => "fresh" });
const nsConn = await conn.connect<typeof SilentController>("silent");
nsConn.emit("onSay", "hello");
await nsConn.joinRoom("lobby", { body: () => Promise.resolve(body) });
