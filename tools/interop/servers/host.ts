/**
 * The servers that other implementations are tried against, on a platform of its
 * choice: `host.ts <module of the package ws> <carrier>`. It prints its addresses
 * as a line of JSON, and ends when its input does.
 *
 * `/scenario/<name>` are those of the Go client, `/log/<name>` ends one of them
 * and tells what it has seen; `/chat` is the chat.
 *
 * @module
 */

import process from "node:process";
import { pathToFileURL } from "node:url";
import { Application, Router, Server, websocketHandler } from "../../../mod.ts";
import { chooseCarrier } from "../../transports/transports.ts";
import { ChatController } from "../chat/chat_controller.ts";
import { People } from "../chat/people.ts";
import { playScenarios } from "../go/played.ts";
import { DemoServer } from "../neffos_js/demo_server.ts";

/** The addresses of a host. */
export interface Addresses {
  /** Of the scenarios and the chat. */
  readonly port: number;
  /** Of the server that clients can restart. */
  readonly demo: number;
}

const [wsFile, name] = process.argv.slice(2);
const carrier = chooseCarrier(
  name!,
  await import(
    wsFile!.startsWith("npm:") ? wsFile! : pathToFileURL(wsFile!).href
  ),
);
const { upgrader, listen } = carrier.make({});

const router = new Router();
const played = playScenarios(upgrader);
for (const [name, { server, log }] of played) {
  router.get(`/scenario/${name}`, websocketHandler(server));
  router.get(`/log/${name}`, async (ctx) => {
    await server.close();
    return ctx.json(log);
  });
}
const app = new Application(router.party("/chat"))
  .singleton(People);
app.handleWebsocket(ChatController);
const chat = new Server(upgrader, app, { parameterHeaders: ["X-Chat-Name"] });
app.router.get("/", websocketHandler(chat));

const listener = await listen(router.handler);
const demo = await DemoServer.start(() => carrier.make({}));
const addresses: Addresses = { port: listener.port, demo: demo.port };
console.log(JSON.stringify(addresses));

process.stdin.on("end", () => process.exit());
process.stdin.resume();
