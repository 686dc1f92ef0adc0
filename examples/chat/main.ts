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
import { stopOnSignal } from "../_shared/signals.ts";
import { mountPage } from "../_shared/static_files.ts";
import { ChatController } from "./chat_controller.ts";
import { Logger } from "./logger.ts";
import { People } from "./people.ts";

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
// A page can send no headers, but URL parameters that stand for them.
const server = new Server(denoUpgrader(), app, {
  parameterHeaders: ["X-Chat-Name"],
});
app.router.get("/", websocketHandler(server));

// The page, and the modules that its script imports.
mountPage(router, new URL("page/", import.meta.url));

const listener = router.listen({
  port,
  hostname,
  onListen: ({ port }) => {
    const host = hostname === "127.0.0.1" ? "localhost" : hostname;
    console.log(`Open http://${host}:${port}/ in your browser`);
  },
});

stopOnSignal(async () => {
  await server.close();
  await listener.shutdown();
  await app[Symbol.asyncDispose]();
});
