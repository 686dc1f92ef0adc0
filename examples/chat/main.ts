/** A chat with rooms: `deno task start`. @module */

import { denoUpgrader } from "@neffos/mvc";
import { serveExample } from "../_shared/serve.ts";
import { HINT, makeChat } from "./chat.ts";

const { router, app, server } = makeChat(denoUpgrader());
await serveExample({ handler: router.handler, server, app, hint: HINT });
