import {
  Application,
  Conn,
  Context,
  denoUpgrader,
  type Message,
  NSConn,
  optional,
  Router,
  Server,
  token,
} from "../../../mod.ts";

interface Logger {
  log(text: string): void;
}
const Logger = token<Logger>("Logger");
const User = token<{ name: string }>("User");
const Cache = token<Map<string, string>>("Cache");

class ChatController {
  static readonly namespace = "chat";
  static readonly inject = [
    NSConn,
    Conn,
    Context,
    Server,
    Application,
    Logger,
    User,
    optional(Cache),
  ] as const;
  constructor(
    readonly nsConn: NSConn,
    readonly conn: Conn,
    readonly context: Context,
    readonly server: Server,
    readonly app: Application,
    readonly logger: Logger,
    readonly user: { name: string },
    readonly cache: Map<string, string> | undefined,
  ) {}
  onChat(msg: Message) {
    this.logger.log(msg.text());
  }
}

class Shared {
  static readonly inject = [Logger] as const;
  readonly namespace = "shared";
  constructor(readonly logger: Logger) {}
  onChat(nsConn: NSConn, msg: Message) {
    this.logger.log(nsConn.id + msg.text());
  }
}

class NoServices {
  onHi() {}
}

const router = new Router();
const app = new Application(router.party("/ws/:room"))
  .register(Logger, { log: (text) => void text.length })
  .scoped(User, [Context], (context) => ({ name: context.params.name ?? "" }));
app.handleWebsocket(ChatController);
app.handleWebsocket(new Shared({ log() {} })).setNamespace("shared");
app.handleWebsocket(NoServices);
app.party("/child").register(Cache, new Map()).handleWebsocket(ChatController);
new Server(denoUpgrader(), app);
