import {
  Application,
  denoUpgrader,
  Router,
  Server,
  websocketHandler,
} from "@neffos/mvc";
import { mountPage } from "../_shared/pages.ts";
import { ChatController } from "../chat/chat_controller.ts";
import { History } from "../chat/history.ts";
import { ClusterController, ThisProcess } from "./cluster_controller.ts";

/**
 * Makes what each process serves: the chat as it is, and the list of processes.
 *
 * @param history The messages of all processes.
 * @param thisProcess The process.
 */
export function makeApplication(history: History, thisProcess: ThisProcess) {
  const router = new Router();
  const app = new Application(router.party("/websocket_endpoint"))
    .register(History, history)
    .register(ThisProcess, thisProcess);
  app.handleWebsocket(ChatController);
  app.handleWebsocket(ClusterController);
  const server = new Server(denoUpgrader(), app);
  app.router.get("/", websocketHandler(server));
  mountPage(
    router,
    new URL("page/", import.meta.url),
    { base: new URL("../chat/page/", import.meta.url) },
  );
  return { router, app, server };
}
