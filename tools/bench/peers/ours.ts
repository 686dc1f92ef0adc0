/**
 * The servers of this module: `ours.ts deno|ws|bun events|controller [MODULES]`,
 * with the folder of the package ws. Runs in Deno, and as a bundle in Node and Bun.
 *
 * @module
 */

import process from "node:process";
import { Application, Router, Server, websocketHandler } from "../../../mod.ts";
import { announce } from "./announce.mjs";
import { EVENTS, register } from "./ours_handlers.ts";
import { chooseTransport } from "./ours_transports.ts";

const [transport, handlers, modules] = process.argv.slice(2);

const router = new Router();
const { upgrader, listen } = chooseTransport(transport!, modules);
const server = new Server(
  upgrader,
  handlers === "events" ? EVENTS : register(new Application(router)),
);
router.get("/", websocketHandler(server));
announce(await listen(router.handler));
