import {
  denoUpgrader,
  EventError,
  type Message,
  type NSConn,
  Server,
} from "../../../neffos/mod.ts";

/** A server for the tests, and its URL. */
export interface Chat extends AsyncDisposable {
  readonly url: string;
  readonly server: Server;
}

/**
 * Starts a server on a free port. `/closed` answers 401 without a cookie.
 *
 * @returns The server.
 */
export function startChat(): Chat {
  const server = new Server(denoUpgrader(), {
    chat: {
      onSay(nsConn: NSConn, { namespace, room, body }: Message) {
        if (body.length === 0) throw new EventError("say something");
        nsConn.server.broadcast(null, {
          namespace,
          room,
          event: "onChat",
          body,
        });
      },
      onEcho: (_nsConn: NSConn, { body }: Message) => body,
      onNever: () => new Promise(() => {}),
      onHeaders: ({ conn }: NSConn) => ({
        name: conn.request.headers.get("x-name"),
        cookie: conn.request.headers.get("cookie"),
        query: new URL(conn.request.url).search,
      }),
      async onAskBack(nsConn: NSConn) {
        return (await nsConn.ask("onConfirm", "sure?")).text();
      },
      onDrop: ({ conn }: NSConn) => conn.close(1008, "too many"),
    },
    admin: {
      onNamespaceConnect(_nsConn: NSConn, msg: Message) {
        if (msg.text() !== "secret") {
          throw new EventError("a token is required");
        }
      },
      onHi: () => "hi",
      onRoomJoin() {
        throw new EventError("no rooms here");
      },
    },
  }, { closeTimeout: 100 });
  const listener = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => {
      const { pathname } = new URL(request.url);
      return pathname === "/closed" && !request.headers.has("cookie")
        ? new Response("sign in", { status: 401 })
        : server.upgrade(request, info);
    },
  );
  return {
    url: `ws://127.0.0.1:${listener.addr.port}/`,
    server,
    async [Symbol.asyncDispose]() {
      await server.close();
      await listener.shutdown();
    },
  };
}
