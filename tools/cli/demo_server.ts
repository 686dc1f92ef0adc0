import {
  denoUpgrader,
  EventError,
  type Message,
  type NSConn,
  Server,
} from "../../neffos/mod.ts";

/** A server that mvc/CLI.md talks to. */
export interface DemoServer extends AsyncDisposable {
  /** Its address, such as `127.0.0.1:49152`. */
  readonly address: string;
}

/**
 * Starts what mvc/CLI.md talks to; tools/interop/go/cli.go is the same in Go.
 *
 * @returns The server.
 */
export function startDemoServer(): DemoServer {
  const server = new Server(denoUpgrader(), {
    chat: {
      onSay(nsConn: NSConn, { namespace, room, body }: Message) {
        if (body.length === 0) throw new EventError("say something");
        const message = { namespace, room, event: "onChat", body };
        nsConn.server.broadcast(null, message);
      },
      onEcho: (_nsConn: NSConn, { body }: Message) => body,
      onSlow: () => new Promise((resolve) => setTimeout(resolve, 1_000)),
      async onQuiz(nsConn: NSConn) {
        const answer = await nsConn.ask("onQuestion", "6 × 7?");
        return `you said ${answer.text()}`;
      },
    },
    staff: {
      onHi: () => "hi",
      onNamespaceConnect(_nsConn: NSConn, msg: Message) {
        if (msg.text() !== "secret") {
          throw new EventError("a token is required");
        }
      },
    },
  });
  const listener = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => {
      const { pathname } = new URL(request.url);
      const isPrivate = pathname === "/private" &&
        request.headers.get("authorization") !== "Bearer secret";
      return isPrivate
        ? new Response("sign in", { status: 401 })
        : server.upgrade(request, info);
    },
  );
  return {
    address: `127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      await server.close();
      await listener.shutdown();
    },
  };
}
