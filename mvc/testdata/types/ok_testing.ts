import {
  Application,
  type Message,
  NSConn,
  Router,
  type Server,
  token,
} from "../../../mod.ts";
import { connectTest, type EmitsOf, request } from "../../testing/mod.ts";

interface ChatEvents {
  onChat: { at: Date; text: string };
  onConfirm(question: string): boolean;
}
const Names = token<string[]>("Names");

class Own {
  static readonly namespace = "own";
  static readonly inject = [NSConn, Names] as const;
  constructor(readonly nsConn: NSConn<ChatEvents>, readonly names: string[]) {}
  onSay(msg: Message<{ text: string }>) {
    return msg.json().text.length;
  }
}

class Shared {
  onNamespaceConnect(
    _nsConn: NSConn<{ onSaid: string }>,
    _msg: Message<{ token: string }>,
  ) {}
  onSay(_nsConn: NSConn<{ onSaid: string }>, msg: Message<string>) {
    return msg.text();
  }
  onClear(_nsConn: NSConn<{ onCleared: undefined }>) {}
}

class Untyped {
  static readonly inject = [NSConn, Names] as const;
  constructor(readonly nsConn: NSConn, readonly names: string[]) {}
  onSay() {}
}

class Nothing {
  onSay() {}
  onOther = 1;
}

const app = new Application(new Router().party("/:team"))
  .register(Names, []);
app.handleWebsocket(Own);
app.override(Names, ["ann"]).handle({ get: () => "hi" });

export async function test(server: Server) {
  await using own = await connectTest(app, Own, {
    handlers: { onConfirm: (_nsConn, msg) => msg.text() === "?" },
    cookies: new Response(),
  });
  own.emit("onSay", { text: "hi" });
  const length: number = (await own.ask("onSay", { text: "hi" })).json();
  const message = await own.waitFor("onChat", (msg) => msg.json().text !== "");
  const at: string = message.json().at;
  const many = await own.waitFor("onConfirm", 2);
  const texts: string[] = many.map((msg) => msg.text());
  const all: Message[] = own.received();
  await own.expectNothing("onChat");

  const byName = await connectTest<typeof Own>(server, "own");
  byName.emit("onSay", { text: "hi" });
  byName.received("onConfirm");
  const room = await byName.joinRoom("room");
  room.emit("onSay", { text: "hi" });

  const body = { token: "secret" };
  const shared = await byName.connect(Shared, { body, namespace: "shared" });
  shared.emit("onSay", "hi");
  const said: Message<string> = await shared.waitFor("onSaid");
  shared.received("onCleared");

  const untyped = await connectTest(server, Untyped);
  const any: number = (await untyped.waitFor("anything")).json();
  const nothing = await connectTest(server, Nothing);
  nothing.received("anything");
  const plain = await connectTest(app.router, "chat", { path: "/a" });
  plain.emit("anything", [1]);
  const claimed: { a: 1 } = (await plain.ask("anything")).json();

  const response = await request(app, "/a", { json: {} });
  const both: keyof EmitsOf<typeof Shared> = "onSaid";
  return { length, at, texts, all, said, any, claimed, response, both };
}
