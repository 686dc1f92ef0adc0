/**
 * The server inside another framework: [Hono](https://hono.dev) has the routes,
 * and one of them upgrades.
 *
 * @module
 */

import { Hono } from "npm:hono@^4.13";
import {
  Application,
  Context,
  denoUpgrader,
  type Message,
  Router,
  Server,
} from "@neffos/mvc";
import { serveExample } from "../_shared/serve.ts";

/** It injects the request that Hono's route has handed over. */
class RoomController {
  static readonly namespace = "room";
  static readonly inject = [Context] as const;
  constructor(readonly context: Context) {}

  onWhere(msg: Message<string>) {
    const { path, remoteIp } = this.context;
    const room = this.context.query.get("room");
    return { path, room, remoteIp, said: msg.text() };
  }
}

const app = new Application(new Router());
app.handleWebsocket(RoomController);
const server = new Server(denoUpgrader(), app);

// What Deno.serve gives beside the request reaches Hono's routes as `c.env`.
const hono = new Hono<{ Bindings: Deno.ServeHandlerInfo<Deno.NetAddr> }>();
hono.get("/", (c) => c.text("Connect to /ws/room"));
hono.get("/ws/:name", (c) => server.upgrade(c.req.raw, c.env));

await serveExample({
  handler: (request, info) => hono.fetch(request, info),
  server,
  app,
  hint: "Its websocket is at /ws/room: main_test.ts shows a client.",
});
