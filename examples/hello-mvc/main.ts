/**
 * An HTTP controller: its methods are routes, its schemas check what comes, and
 * its service holds the links.
 *
 * ```sh
 * deno run -A examples/hello-mvc/main.ts
 * ```
 *
 * @module
 */

import { Application, Router } from "@neffos/mvc";
import { mountPage } from "../_shared/pages.ts";
import { serveExample } from "../_shared/serve.ts";
import { LinkController } from "./link_controller.ts";
import { Links } from "./links.ts";

const router = new Router();
const app = new Application(router.party("/api/links"))
  .singleton(Links)
  .handle(LinkController);
mountPage(router, new URL("page/", import.meta.url));

const hint = "Its routes answer curl as well: GET, POST /api/links.";
await serveExample({ handler: router.handler, app, hint });
