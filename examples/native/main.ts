/**
 * A server for any WebSocket client, which needs to know nothing of neffos:
 * `deno run -A examples/native/main.ts`.
 *
 * @module
 */

import {
  Application,
  denoUpgrader,
  Router,
  Server,
  websocketHandler,
} from "@neffos/mvc";
import { mountPage } from "../_shared/pages.ts";
import { serveExample } from "../_shared/serve.ts";
import { Readings, SensorsController } from "./sensors_controller.ts";

const router = new Router();
const readings = new Readings();
const app = new Application(router.party("/sensors"))
  .register(Readings, readings);
app.handleWebsocket(SensorsController);

const rateLimit = { messages: 20, burst: 200 };
const server = new Server(denoUpgrader(), app, { rateLimit });
app.router.get("/", websocketHandler(server));
router.get("/readings", (ctx) => ctx.json(readings.list()));
mountPage(router, new URL("page/", import.meta.url));

const hint = "Open it, and send a reading with any client: see README.md.";
await serveExample({ handler: router.handler, server, app, hint });
