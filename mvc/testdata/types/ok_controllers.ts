import {
  Application,
  type Client,
  type EventMiddleware,
  type Message,
  NSConn,
  Router,
  type StandardSchemaV1,
} from "../../../mod.ts";

declare const anything: any;
declare const schema: StandardSchemaV1<unknown, { text: string }>;

abstract class BaseController<T> {
  static readonly inject = [NSConn] as const;
  constructor(readonly nsConn: NSConn) {}
  abstract check(value: T): boolean;
  onCheck(msg: Message<T>) {
    return this.check(msg.json());
  }
}
class NumberController extends BaseController<number> {
  static readonly namespace = "numbers";
  check(value: number) {
    return value > 0;
  }
}

// Functions that a constructor takes are no events.
class Watcher {
  static readonly use: EventMiddleware[] | undefined = undefined;
  static readonly namespace?: string;
  readonly onLine: number = 0;
  constructor(readonly onChange: (text: string) => void = () => {}) {}
  onSay(_nsConn: NSConn, msg: Message<string>) {
    this.onChange(msg.json());
  }
}
class Mixed {
  onTyped?: (nsConn: NSConn, msg: Message<number>) => void;
  #onPrivate(_wrong: number) {}
  onSay() {
    this.#onPrivate(1);
  }
  protected onHidden(_wrong: number) {}
}
function makeController(name: string) {
  return class {
    static readonly namespace = name;
    static readonly events = { onSay: schema };
    onSay(_nsConn: NSConn, msg: Message<{ text: string }>) {
      return msg.json().text;
    }
  };
}

const app = new Application(new Router());
app.handleWebsocket(NumberController);
app.handleWebsocket(Watcher);
app.handleWebsocket(Mixed);
app.handleWebsocket(makeController("made"));
app.handleWebsocket(new (makeController("instance"))());
app.handleWebsocket(anything);
app.handleWebsocket({ onSay: (_nsConn: NSConn, msg: Message) => msg.text() });
app.handle(anything);
app.handle({ routes: { find: "GET /:id" }, find: (id: string) => id });
app.handle(
  class {
    static readonly routes = {
      search: "GET /search/*",
      getAll: "/all",
      total: false,
      getRest: { maxBody: 5, body: schema },
      ...anything,
    } as const;
    search(...parts: string[]) {
      return parts.length;
    }
    getAll() {}
    getRest(_body: { text: string }) {}
    total = 5;
  },
);

export async function use(client: Client) {
  const typed = await client.connect<typeof NumberController>("numbers");
  typed.emit("onCheck", 5);
  interface Events {
    onSay: string;
    onAsk(question: string): unknown;
  }
  (await client.connect<Events>("any")).emit("onSay", "hi");
}
