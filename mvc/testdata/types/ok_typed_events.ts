import {
  type Client,
  exclude,
  type HandlersOf,
  type Message,
  NSConn,
  reply,
  type Server,
  type StandardSchemaV1,
} from "../../../mod.ts";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

interface ChatEvents {
  onChat: { text: string };
  onPing(): void;
  onSum(numbers: number[]): number;
  onTime(at: { at: Date }): Date;
}

declare const schema: StandardSchemaV1<{ at: string }, { at: Date }>;

class ChatController {
  static readonly namespace = "default";
  static readonly inject = [NSConn] as const;
  static readonly events = { onSchema: schema };
  constructor(readonly nsConn: NSConn<ChatEvents>) {}
  onSchema(msg: Message<{ at: Date }>) {
    this.nsConn.emit("onChat", { text: msg.json().at.toISOString() });
    this.nsConn.emit("onPing");
    return { at: msg.json().at, isLate: undefined as boolean | undefined };
  }
  onAny(msg: Message) {
    return msg.json<number>();
  }
  async onSum() {
    const answer = await this.nsConn.ask("onSum", [1, 2], { timeout: 1 });
    const time = await this.nsConn.ask("onTime", { at: new Date() });
    return answer.json().toFixed() + time.json().trim();
  }
  onReply(_msg: Message<string>) {
    return reply({ length: 1 });
  }
  onJson(msg: Message<Json>) {
    return msg.json();
  }
  onPair() {
    return [1, new Date()] as const;
  }
  title?: string;
  onNothing() {}
  helper() {}
}

/** The messages that handlers of the other side may declare. */
const handlers: HandlersOf<ChatEvents> = {
  onChat: (_nsConn, msg) => console.log(msg.json().text.trim()),
  onTime: (_nsConn, msg) => new Date(msg.json().at.trim()),
  onSum: async (_nsConn, msg) => await Promise.resolve(msg.json().length),
};

export async function use(client: Client, server: Server) {
  const nsConn = await client.connect<typeof ChatController>("default");
  const answer = await nsConn.ask("onSchema", { at: "1970-01-01" });
  const at: string = answer.json().at;
  nsConn.emit("onAny");
  nsConn.emit("onAny", { anything: 1 });
  const sum: string = (await nsConn.ask("onSum")).text();
  const length: number = (await nsConn.ask("onReply", "hi")).json().length;
  nsConn.emit("onNothing");
  const json: Json = (await nsConn.ask("onJson", { a: [1, null] })).json();
  const pair: readonly [1, string] = (await nsConn.ask("onPair")).json();
  const room = await nsConn.joinRoom("room");
  room.emit("onReply", "hi");

  const untyped = await client.connect("any");
  untyped.emit("anything", [1]);
  const claimed: { a: number } = (await untyped.ask("anything")).json();

  const known = await client.connect<ChatEvents>("events");
  known.emit("onSum", [1]);
  const plain: NSConn = known;
  server.broadcast<ChatEvents>(known, { event: "onPing" });
  server.broadcast(plain, { event: "anything", body: at + sum + length });
  const rooms = known.rooms.map(({ name }) => name);
  server.broadcast<ChatEvents>([known, room, exclude("id"), null], {
    rooms,
    event: "onPing",
  });
  known.broadcast("onPing");
  known.rooms[0]?.broadcastOthers("onChat", { text: "hi" });
  known.volatile.broadcastOthers("onSum", [1]);
  const all = server.askAll<Pick<ChatEvents, "onSum">>(
    { event: "onSum", body: [1] },
    { except: [known, exclude("id")] },
  );
  for await (const each of all) {
    each.json().toFixed();
    each.nsConn?.emit(each.id, each.text());
  }
  const first = await server.ask({ event: "anything" });
  const asked = await client.conn.ask<ChatEvents>(
    { event: "onTime", body: { at: new Date() } },
    { timeout: 1 },
  );
  const either: string | number | undefined = asked.json();
  const number: number = client.conn.increment("tries") + (either ? 1 : 0);
  first.json<number>().toFixed(number);
  return { claimed, handlers, json, pair };
}
