import {
  Application,
  denoUpgrader,
  type Message,
  Router,
  Server,
  websocketHandler,
} from "../../../mod.ts";

class Echo {
  say(text: string): string {
    return text;
  }
}

class EchoController {
  static readonly namespace = "echo";
  static readonly inject = [Echo] as const;
  readonly echo: Echo;
  constructor(echo: Echo) {
    this.echo = echo;
  }
  onEcho(_nsConn: unknown, msg: Message<string>) {
    return this.echo.say(msg.text());
  }
}

const router = new Router();
const app = new Application(router).singleton(Echo);
app.handleWebsocket(EchoController);
const server = new Server(denoUpgrader(), app);
router.get("/", websocketHandler(server));
router.listen({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(port),
});
