import {
  Application,
  denoUpgrader,
  joinConnHandlers,
  type Message,
  NSConn,
  Router,
  Server,
  Struct,
  withTimeout,
} from "../../../mod.ts";

class Chat {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  onChat(msg: Message) {
    return msg.text();
  }
  // No event, so that it may take anything.
  onlineUsers(_limit: number) {
    return [this.nsConn.id];
  }
}

new Server(denoUpgrader(), {
  chat: new Struct(Chat),
  lobby: withTimeout(new Struct(Chat), { read: 60_000 }),
  status: { onPing: () => "pong" },
});

const app = new Application(new Router());
app.handleWebsocket(Chat).setNamespace("chat");
app.handleWebsocket(Chat).setNamespace("lobby");
new Server(
  denoUpgrader(),
  joinConnHandlers(app, { other: new Struct({ onHi: (_: NSConn) => "hi" }) }),
);
