/**
 * Websocket controllers for Deno, over the neffos protocol: everything that
 * the other entry points have.
 *
 * ```ts
 * import {
 *   Application,
 *   denoUpgrader,
 *   dial,
 *   type Message,
 *   NSConn,
 *   Router,
 *   Server,
 *   token,
 *   websocketHandler,
 * } from "@neffos/mvc";
 *
 * interface Logger {
 *   log(text: string): void;
 * }
 * const Logger = token<Logger>("Logger");
 *
 * class ChatController {
 *   static readonly namespace = "chat";
 *   static readonly inject = [NSConn, Logger] as const;
 *   constructor(readonly nsConn: NSConn, readonly logger: Logger) {}
 *
 *   onSay(msg: Message<string>) {
 *     this.logger.log(`${this.nsConn.id}: ${msg.text()}`);
 *     this.nsConn.server.broadcast(this.nsConn, msg);
 *     return msg.text().length; // answers an ask
 *   }
 * }
 *
 * const router = new Router();
 * const app = new Application(router.party("/chat"))
 *   .register(Logger, { log: (text) => console.log(text) });
 * app.handleWebsocket(ChatController);
 * const server = new Server(denoUpgrader(), app);
 * app.router.get("/", websocketHandler(server));
 * const listener = router.listen({ port: 0, hostname: "127.0.0.1" });
 *
 * // Another program, often a page, with `dial` of `@neffos/mvc/client`.
 * const client = await dial(`ws://127.0.0.1:${listener.addr.port}/chat`, {
 *   chat: { onSay: (_nsConn, msg) => console.log(msg.text()) },
 * });
 * const chat = await client.connect<typeof ChatController>("chat");
 * console.log((await chat.ask("onSay", "hello")).json()); // 5
 *
 * // When the programs end:
 * await client.close();
 * await server.close();
 * await listener.shutdown();
 * ```
 *
 * @module
 */

export * from "./mvc/mod.ts";
export * from "./neffos/mod.ts";
