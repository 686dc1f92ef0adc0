/**
 * A chat: a page, rooms, and who is there.
 *
 * ```sh
 * deno task start
 * ```
 *
 * Then open http://localhost:8080/ in two windows. The environment variables
 * PORT and HOST, or `--port=0` for any free port, choose another address.
 *
 * @module
 */

import { parseArgs } from "node:util";
import {
  Application,
  denoUpgrader,
  Router,
  Server,
  websocketHandler,
} from "@neffos/mvc";
import { ChatController } from "./chat_controller.ts";
import { Logger } from "./logger.ts";
import { People } from "./people.ts";
import { protectPage, serveFolder } from "./static_files.ts";

const { values } = parseArgs({ options: { port: { type: "string" } } });
const port = Number(values.port ?? Deno.env.get("PORT") ?? 8080);
const hostname = Deno.env.get("HOST") ?? "127.0.0.1";

const router = new Router();

// The services, and the controllers that they are given to.
const app = new Application(router.party("/websocket_endpoint"))
  .register(Logger, { log: (text) => console.log(text) })
  .singleton(People);
app.handleWebsocket(ChatController);

// The application is what handles the connections of the server.
const server = new Server(denoUpgrader(), app);
app.router.get("/", websocketHandler(server));

// The page. Its script imports the neffos client just as any module.
const page = router.party("/", protectPage);
page.get("/neffos/*", serveFolder(new URL("../../neffos/", import.meta.url)));
page.get("/*", serveFolder(new URL("page/", import.meta.url)));

const listener = Deno.serve({
  port,
  hostname,
  onListen: ({ port }) => {
    const host = hostname === "127.0.0.1" ? "localhost" : hostname;
    console.log(`Open http://${host}:${port}/ in your browser`);
  },
}, router.handler);

const signals: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

async function stop() {
  // A second signal ends the program at once.
  for (const signal of signals) Deno.removeSignalListener(signal, stop);
  await server.close();
  await listener.shutdown();
  await app[Symbol.asyncDispose]();
  Deno.exit();
}

for (const signal of signals) Deno.addSignalListener(signal, stop);
