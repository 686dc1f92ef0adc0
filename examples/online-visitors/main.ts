/**
 * Who reads what now: each page of a small paper is a room, and presence counts
 * the people in it.
 *
 * ```sh
 * deno run -A examples/online-visitors/main.ts
 * ```
 *
 * @module
 */

import {
  Application,
  type Context,
  denoUpgrader,
  HttpError,
  Router,
  Server,
  websocketHandler,
} from "@neffos/mvc";
import { mountPage } from "../_shared/pages.ts";
import { serveExample } from "../_shared/serve.ts";
import { VisitorController } from "./visitor_controller.ts";

/** Reads who it is: all windows of a browser are one visitor. */
function readVisitor({ query }: Context): string {
  const id = query.get("visitor") ?? "";
  if (/^[\w-]{1,50}$/.test(id)) return id;
  throw new HttpError(
    400,
    "The visitor must be an ID of letters, digits and dashes",
  );
}

const router = new Router();
const app = new Application(router.party("/websocket_endpoint"));
app.handleWebsocket(VisitorController);
const server = new Server(denoUpgrader(), app);
app.router.get("/", websocketHandler(server, { idGenerator: readVisitor }));
mountPage(router, new URL("page/", import.meta.url));

const hint = "Open it in two browsers, and read different pages.";
await serveExample({ handler: router.handler, server, app, hint });
