/** The chat on Node: `npm install` and `npm start` in this folder. @module */

import { transform } from "esbuild";
import { wsUpgrader } from "@neffos/mvc";
import { serveNode } from "@neffos/mvc/node";
import { WebSocketServer } from "ws";
import { serveExample } from "../_shared/serve.ts";
import { HINT, makeChat } from "../chat/chat.ts";

const maxPayload = 64 * 1024;
const webSockets = new WebSocketServer({
  noServer: true,
  clientTracking: false, // the neffos server knows its connections
  maxPayload,
});
const { router, app, server } = makeChat(wsUpgrader(webSockets), {
  maxPayload,
  async stripTypes(source) {
    return (await transform(source, { loader: "ts" })).code;
  },
});
await serveExample({
  handler: router.handler,
  server,
  app,
  hint: HINT,
  listen: serveNode,
});
