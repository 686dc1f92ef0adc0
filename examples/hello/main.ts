/** The first program of the README: a controller that answers. @module */

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

/** Its methods named `on…` are the events of the namespace "hello". */
class HelloController {
  static readonly namespace = "hello";
  static readonly inject = [NSConn] as const;
  #count = 0; // of this connection alone
  constructor(readonly nsConn: NSConn) {}

  onHello(msg: Message<string>) {
    const name = msg.text();
    this.nsConn.broadcastOthers("onVisit", name); // to every other client
    return `Hello ${name}, greeting no. ${++this.#count}`; // to this one
  }
}

const router = new Router();
const app = new Application(router.party("/websocket_endpoint"));
app.handleWebsocket(HelloController);
const server = new Server(denoUpgrader(), app);
app.router.get("/", websocketHandler(server));

const page = await Deno.readTextFile(new URL("page.html", import.meta.url));
router.get("/", (ctx) => ctx.html(page));
router.get("/neffos.js", clientScript());

const hint = "Open it, say hello, and open it again beside the first.";
serveExample({ handler: router.handler, server, hint });
