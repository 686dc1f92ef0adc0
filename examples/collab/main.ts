/** A shared whiteboard: `deno run -A examples/collab/main.ts`. @module */

import {
  Application,
  denoUpgrader,
  Router,
  Server,
  websocketHandler,
} from "@neffos/mvc";
import { mountPage } from "../_shared/pages.ts";
import { serveExample } from "../_shared/serve.ts";
import { BoardController } from "./board_controller.ts";
import { Boards } from "./boards.ts";

const router = new Router();
const app = new Application(router.party("/websocket_endpoint"))
  .singleton(Boards);
app.handleWebsocket(BoardController);

// A page that finds a new server draws its strokes once more, all at once.
const rateLimit = { messages: 200, burst: 2_000 };
const server = new Server(denoUpgrader(), app, { rateLimit });
app.router.get("/", websocketHandler(server));
mountPage(router, new URL("page/", import.meta.url));

const hint = "Open it in two windows, and draw in both.";
await serveExample({ handler: router.handler, server, app, hint });
