/**
 * A chat that other clients of the protocol talk to. It prints its URL.
 *
 * @module
 */

import {
  Application,
  denoUpgrader,
  Router,
  Server,
  traceEvents,
  websocketHandler,
} from "../../../mod.ts";
import { RecordingTracer } from "../../../neffos/harness/tracer.ts";
import { ChatController } from "./chat_controller.ts";
import { People } from "./people.ts";

const router = new Router();
const app = new Application(router).singleton(People);
app.handleWebsocket(ChatController);
// Other clients get the same frames from a server that traces.
const trace = traceEvents(new RecordingTracer());
const server = new Server(denoUpgrader(), app, {
  parameterHeaders: ["X-Chat-Name"],
  trace,
});
router.get("/websocket_endpoint", websocketHandler(server));

const listener = router.listen({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(`http://127.0.0.1:${port}/`),
});

Deno.addSignalListener("SIGTERM", async () => {
  await server.close();
  await listener.shutdown();
  Deno.exit();
});
