import {
  Application,
  type Container,
  Context,
  type EventMiddleware,
  type Message,
  NSConn,
  Router,
  type ServiceToken,
  type StandardSchemaV1,
  token,
} from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
}

// Two tokens of one type, one of them scoped: left to the check at start-up.
const Path = token<string>("Path");
const Host = token<string>("Host");
const Url = token<{ url: string }>("Url");
// A token that is registered twice: the last registration wins.
const User = token<{ name: string }, "User">("User");
const Users = token<{ first: string }>("Users");

class OfPath {
  static readonly inject = [Path] as const;
  constructor(readonly path: string) {}
  onChat(_msg: Message) {}
}

class OfHost {
  static readonly inject = [Host] as const;
  constructor(readonly host: string) {}
  onChat(_nsConn: NSConn, _msg: Message) {}
}

declare const schema: StandardSchemaV1<unknown, { text: string }>;
const guard: EventMiddleware = (nsConn: NSConn<ChatEvents>, msg, next) => {
  nsConn.emit("onChat", { text: msg.event });
  return next();
};

class Everything {
  static readonly namespace = "all";
  static readonly inject = [NSConn] as const;
  static readonly events = { onSay: schema };
  static readonly use = [guard];
  constructor(readonly nsConn: NSConn<ChatEvents>) {}
  onSay(msg: Message<{ text: string }>) {
    return msg.json().text;
  }
  onClaim(msg: Message<number[]>) {
    return msg.json().length;
  }
  onNothing() {}
  async onLater(_msg: Message) {}
  onRoomJoin(_msg: Message) {}
  helper(_a: number, _b: number, _c: number) {}
  title?: string;
  onMaybe?(_msg: Message): void;
}

// Event names that are not in its type: left to the check at start-up.
class Recorded {
  static readonly events: Record<string, StandardSchemaV1> = { onSay: schema };
  onSay(_nsConn: NSConn, _msg: Message<{ text: string }>) {}
  onOther(_nsConn: NSConn, _msg: Message<string>) {}
}

class WithEvents {
  readonly events = new EventTarget();
  onSay() {}
}

class Typed {
  onTyped(_nsConn: NSConn<ChatEvents>, _msg: Message<number>) {}
}

const app = new Application(new Router())
  .register(Host, "::1")
  .scoped(Path, [Context], (context) => context.path)
  .singleton(Url, [Host], (host) => ({ url: host }))
  .scoped(User, [Context], () => ({ name: "scoped" }))
  .register(User, { name: "fixed" })
  .singleton(Users, [User], (user) => ({ first: user.name }))
  .use(guard);
app.handleWebsocket(OfPath);
app.handleWebsocket(OfHost).setNamespace("host");
app.handleWebsocket(Everything);
app.handleWebsocket(Typed);
app.handleWebsocket(Recorded);
app.handleWebsocket(new WithEvents());
app.handleWebsocket({ events: { onSay: schema }, onSay() {} });
app.handleWebsocket(new Typed());

// If the compiler does not know the services, it checks nothing.
declare const container: Container<ServiceToken>;
container.compile(OfPath);
declare const untyped: Application<ServiceToken>;
untyped.handleWebsocket(OfPath);

// A function may require only some of the services.
function addChat(app: Application<typeof Host>) {
  app.handleWebsocket(class {
    onHi() {}
  });
}
addChat(app);

// Its type does not tell whether the required services are scoped.
function addPath(app: Application<typeof Path>) {
  app.handleWebsocket(OfPath);
  app.handleWebsocket(OfHost);
}
addPath(app);
