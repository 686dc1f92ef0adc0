import { clientScript, Router } from "../../../mvc/mod.ts";
import { denoUpgrader, EventError, Server } from "../../../neffos/mod.ts";
import type { Check } from "../peer.ts";
import { Gate } from "./gate.ts";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  mjs: "text/javascript",
};

/** A page in which the program runs; relative URLs begin at its `<base>`. */
const PAGE = `<!DOCTYPE html>
<base href="/app/">
<script type="module" src="/page.mjs"></script>
`;

/**
 * The other end of a program that tries this module's client: a neffos server
 * behind a gate, and an HTTP server that has the program's files, takes what it
 * reports, and opens and closes the gate for it.
 */
export class Stage implements AsyncDisposable {
  /** The address of the HTTP server. */
  readonly origin: string;
  /** The address of the neffos server. */
  readonly endpoint: string;
  /** What the program has reported. */
  readonly checks: Check[] = [];
  readonly #done = Promise.withResolvers<void>();
  readonly #files: URL;
  readonly #gate: Gate;
  readonly #server = new Server(denoUpgrader(), {
    chat: {
      onEcho: (_nsConn, msg) => msg.body,
      onRefuse() {
        throw new EventError("no; ✓");
      },
      onName: ({ conn }) => conn.request.headers.get("x-websocket-name") ?? "",
      onCount(nsConn, msg) {
        for (let n = 0; n < msg.json<number>(); n++) nsConn.emit("onNumber", n);
      },
      onSay: (nsConn, msg) => nsConn.server.broadcast(null, msg),
    },
  }, { origins: "*" });
  readonly #router = new Router();
  readonly #listener: Deno.HttpServer<Deno.NetAddr>;
  readonly #http: Deno.HttpServer<Deno.NetAddr>;

  /**
   * Starts it.
   *
   * @param files The folder of the program's files.
   */
  constructor(files: URL) {
    this.#files = files;
    this.#router.get("/neffos.js", clientScript());
    const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
    this.#listener = Deno.serve(
      options,
      (request, info) => this.#server.upgrade(request, info),
    );
    this.#http = Deno.serve(
      options,
      (request, info) => this.#answer(request, info),
    );
    this.#gate = new Gate(this.#listener.addr.port);
    this.origin = `http://127.0.0.1:${this.#http.addr.port}`;
    this.endpoint = `ws://127.0.0.1:${this.#gate.port}/`;
  }

  /** Settled when the program says that it is done. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  async #answer(
    request: Request,
    info: Deno.ServeHandlerInfo,
  ): Promise<Response> {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/":
        return new Response(PAGE, {
          headers: { "content-type": TYPES["html"]! },
        });
      case "/endpoint":
        return new Response(this.endpoint);
      case "/neffos.js":
        return await this.#router.handler(request, info);
      case "/app/ws":
        return await this.#server.upgrade(request, info);
      case "/report":
        this.checks.push(await request.json());
        return new Response();
      case "/done":
        this.#done.resolve();
        return new Response();
      case "/close":
        await this.#gate.close();
        return new Response();
      case "/open":
        this.#gate.open();
        return new Response();
      case "/stall":
        this.#gate.stall();
        return new Response();
      case "/resume":
        this.#gate.resume();
        return new Response();
    }
    try {
      const file = new URL(`.${pathname}`, this.#files);
      const type = TYPES[pathname.split(".").at(-1)!];
      if (type === undefined) return new Response(null, { status: 404 });
      return new Response(await Deno.readFile(file), {
        headers: { "content-type": type },
      });
    } catch {
      return new Response(null, { status: 404 });
    }
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.#gate.close().catch(() => {});
    await this.#listener.shutdown();
    await this.#http.shutdown();
  }
}
