/** The first program of the README: a controller and its service. @module */

import {
  Application,
  clientScript,
  denoUpgrader,
  type Message,
  NSConn,
  Router,
  Server,
  websocketHandler,
} from "@neffos/mvc";
import { serveExample } from "../_shared/serve.ts";

/** A service: built on first use, shared by all connections. */
class Greeter {
  #count = 0;
  greet(name: string) {
    return `Hello ${name}, you are visitor ${++this.#count}`;
  }
}

/** A controller: its methods named `on…` are the events of its namespace. */
class HelloController {
  static readonly namespace = "hello";
  static readonly inject = [NSConn, Greeter] as const;
  constructor(readonly nsConn: NSConn, readonly greeter: Greeter) {}

  onHello(msg: Message<string>) {
    const name = msg.text();
    this.nsConn.broadcastOthers("onVisit", name); // to every other client
    return this.greeter.greet(name); // the answer to this client
  }
}

const router = new Router();
const app = new Application(router.party("/websocket_endpoint"))
  .singleton(Greeter);
app.handleWebsocket(HelloController);
const server = new Server(denoUpgrader(), app);
app.router.get("/", websocketHandler(server));

const page = await Deno.readTextFile(new URL("page.html", import.meta.url));
router.get("/", (ctx) => ctx.html(page));
router.get("/neffos.js", clientScript());

const hint = "Open it, say hello, and open it again beside the first.";
await serveExample({ handler: router.handler, server, app, hint });
