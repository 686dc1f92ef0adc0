/**
 * The server of the benchmark on Deno, with an exchange on Redis:
 * `local_server.ts REDIS_PORT`.
 *
 * @module
 */

import {
  Application,
  redisExchange,
  Router,
  Server,
  websocketHandler,
} from "../../mod.ts";
import { importPackage } from "../../neffos/harness/brokers.ts";
import { announce } from "../bench/peers/announce.mjs";
import { register } from "../bench/peers/ours_handlers.ts";
import { chooseTransport } from "../bench/peers/ours_transports.ts";

const [port] = Deno.args;
const { createClient } = await importPackage("redis@5");
const client = createClient({ url: `redis://127.0.0.1:${port}` });
const router = new Router();
const { upgrader, listen } = chooseTransport("deno");
const server = new Server(upgrader, register(new Application(router)));
await server.useStackExchange(redisExchange(await client.connect()));
router.get("/", websocketHandler(server));
announce(await listen(router.handler));
