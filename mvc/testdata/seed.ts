import { Application, denoUpgrader, type Message, NSConn, Router, Server, token, websocketHandler } from "@neffos/mvc";

interface Logger { log(text: string): void }
const Logger = token<Logger>("Logger");                       // a Symbol that carries its service's type

class ChatController {                                        // 1. the controller
  static readonly namespace = "default";
  static readonly inject = [NSConn, Logger] as const;         // checked against the constructor, at compile time
  constructor(readonly nsConn: NSConn, readonly logger: Logger) {}

  onNamespaceConnected(msg: Message) { this.logger.log(`${this.nsConn.id} is in ${msg.namespace}`); }
  onNamespaceDisconnect(msg: Message) { this.logger.log(`${this.nsConn.id} left`); }
  onChat(msg: Message) { this.nsConn.server.broadcast(this.nsConn, msg); }   // to everybody else
}

const router = new Router();
const app = new Application(router.party("/websocket_endpoint"))              // 2. an application on a party
  .register(Logger, { log: (text) => console.log("DEV", text) });             // 3. its dependencies
app.handleWebsocket(ChatController);                                          // 4. one or more controllers
const server = new Server(denoUpgrader(), app);                               // 5. the application is the handler
app.router.get("/", websocketHandler(server));                                // 6. mounted by a plain GET
Deno.serve({ port: 8080 }, router.handler);
