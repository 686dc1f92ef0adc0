/** A chat with rooms: `deno task start`. @module */

import {
  Application,
  denoUpgrader,
  Router,
  Server,
  websocketHandler,
} from "@neffos/mvc";
import { mountPage } from "../_shared/pages.ts";
import { serveExample } from "../_shared/serve.ts";
import { ChatController } from "./chat_controller.ts";
import { History } from "./history.ts";

const router = new Router();
const app = new Application(router.party("/websocket_endpoint"))
  .singleton(History);
app.handleWebsocket(ChatController);

const server = new Server(denoUpgrader(), app);
app.router.get("/", websocketHandler(server));
mountPage(router, new URL("page/", import.meta.url));

const hint = "Open it in two windows, and write from one to the other.";
serveExample({ handler: router.handler, server, app, hint });
