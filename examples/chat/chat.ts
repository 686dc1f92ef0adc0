import {
  Application,
  Router,
  Server,
  type ServerOptions,
  type Upgrader,
  websocketHandler,
} from "@neffos/mvc";
import { mountPage, type PageOptions } from "../_shared/pages.ts";
import { ChatController } from "./chat_controller.ts";
import { History } from "./history.ts";

/** The options of {@linkcode makeChat}. */
export interface ChatOptions
  extends Pick<ServerOptions, "maxPayload">, Pick<PageOptions, "stripTypes"> {}

/**
 * Makes the chat; what serves it, and on which platform, is up to its caller.
 *
 * @param upgrader How requests become websockets there.
 * @param options The limit of a message, and what reads TypeScript there.
 * @returns The router with the page and the websocket, the application and the
 * server of those.
 */
export function makeChat(
  upgrader: Upgrader,
  { maxPayload, stripTypes }: ChatOptions = {},
): { router: Router; app: Application; server: Server } {
  const router = new Router();
  const app = new Application(router.party("/websocket_endpoint"))
    .singleton(History);
  app.handleWebsocket(ChatController);
  const server = new Server(upgrader, app, { maxPayload });
  app.router.get("/", websocketHandler(server));
  mountPage(router, new URL("page/", import.meta.url), { stripTypes });
  return { router, app, server };
}

/** What to do with the chat, in a line. */
export const HINT = "Open it in two windows, and write from one to the other.";
