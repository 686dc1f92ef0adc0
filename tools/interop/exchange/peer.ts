import { fileURLToPath } from "node:url";
import {
  Broker,
  hasProgram,
  importPackage,
} from "../../../neffos/harness/brokers.ts";
import { RecordingTracer } from "../../../neffos/harness/tracer.ts";
import {
  type Client,
  denoUpgrader,
  dial,
  exclude,
  natsExchange,
  type NSConn,
  redisExchange,
  Server,
  type StackExchange,
  traceEvents,
} from "../../../neffos/mod.ts";
import { within } from "../journal.ts";
import { type Check, type Peer, run, UnavailableError } from "../peer.ts";

/** The time limit of one check, in milliseconds. */
const DEADLINE = 10_000;

const PREFIX = "interop";

/** A broker, and this module's exchange on it. */
interface Kind {
  readonly name: "redis" | "nats";
  readonly program: string;
  readonly package: string;
  start(): Promise<Broker>;
  connect(
    // deno-lint-ignore no-explicit-any -- a library of its users
    library: any,
    port: number,
  ): Promise<{ exchange: StackExchange; close(): unknown }>;
}

const REDIS: Kind = {
  name: "redis",
  program: "redis-server",
  package: "redis@5",
  start: () => Broker.redis(),
  async connect({ createClient }, port) {
    const client = await createClient({ url: `redis://127.0.0.1:${port}` })
      .connect();
    const exchange = redisExchange(client, { prefix: PREFIX });
    return { exchange, close: () => client.destroy() };
  },
};

const NATS: Kind = {
  name: "nats",
  program: "nats-server",
  package: "@nats-io/transport-node@3",
  start: () => Broker.nats(),
  async connect({ connect }, port) {
    const connection = await connect({ servers: `127.0.0.1:${port}` });
    const exchange = natsExchange(connection, { prefix: PREFIX });
    return { exchange, close: () => connection.close() };
  },
};

/** Servers in Go beside servers of this module, on one broker. */
export const exchanges: readonly Peer[] = [REDIS, NATS].map((kind) => ({
  name: `neffos v0.0.24 (Go), server on the same ${
    kind.name === "redis" ? "Redis" : "NATS"
  }`,
  async prepare(cache) {
    if (!hasProgram(kind.program)) {
      throw new UnavailableError(`${kind.program} is not installed`);
    }
    const library = await importPackage(kind.package);
    if (library === undefined) {
      throw new UnavailableError(`${kind.package} cannot be loaded`);
    }
    await Deno.mkdir(cache, { recursive: true });
    const program = fileURLToPath(new URL("go-exchange", cache));
    const cwd = new URL("./", import.meta.url);
    await run("go", ["build", "-o", program, "."], { cwd });
    return async () => {
      await using stage = await Stage.make(kind, library, program);
      return await stage.tryAll();
    };
  },
}));

/** A client, and what it has heard. */
interface Person {
  readonly name: string;
  readonly client: Client;
  readonly nsConn: NSConn;
  readonly heard: string[];
}

/** Two servers of this module, one in Go, and people on each of them. */
class Stage implements AsyncDisposable {
  readonly #closers: (() => unknown)[] = [];
  readonly #servers: Server[] = [];
  readonly #people = new Map<string, Person>();
  readonly #checks: Check[] = [];
  /** The first server and its client trace; the others hear the same. */
  readonly #trace = traceEvents(new RecordingTracer());
  #onHeard = () => {};
  #fences = 0;

  static async make(
    kind: Kind,
    library: unknown,
    program: string,
  ): Promise<Stage> {
    const stage = new Stage();
    const broker = await kind.start();
    stage.#closers.push(() => broker[Symbol.asyncDispose]());
    const urls: string[] = [];
    for (let i = 0; i < 2; i++) {
      urls.push(await stage.#serve(kind, library, broker.port));
    }
    urls.push(await stage.#serveGo(kind, program, broker.port));
    await stage.#enter(urls[0]!, "ann", "tea");
    await stage.#enter(urls[1]!, "bob");
    await stage.#enter(urls[2]!, "gil", "tea");
    await stage.#enter(urls[2]!, "gus");
    return stage;
  }

  async #serve(kind: Kind, library: unknown, port: number): Promise<string> {
    const { exchange, close } = await kind.connect(library, port);
    const server = new Server(denoUpgrader(), {
      chat: {
        onSay: (nsConn, msg) => nsConn.server.broadcast(nsConn, msg),
      },
    }, {
      idGenerator: ({ url }) => url.searchParams.get("id")!,
      // The event "" is asked to wait for what was sent before.
      onUnhandled() {},
      ...this.#servers.length === 0 ? { trace: this.#trace } : {},
    });
    await server.useStackExchange(exchange);
    const listener = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request, info) => server.upgrade(request, info),
    );
    this.#servers.push(server);
    this.#closers.push(close, () => listener.shutdown(), () => server.close());
    return `ws://127.0.0.1:${listener.addr.port}/`;
  }

  async #serveGo(kind: Kind, program: string, port: number): Promise<string> {
    const process = new Deno.Command(program, {
      args: [kind.name, `127.0.0.1:${port}`, PREFIX],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#closers.push(async () => {
      // It ends with its input.
      await process.stdin.close().catch(() => {});
      await process.stdout.cancel().catch(() => {});
      await process.status;
    });
    const reader = process.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    return `ws://127.0.0.1:${Number(new TextDecoder().decode(value))}/`;
  }

  async #enter(url: string, name: string, room?: string): Promise<void> {
    const heard: string[] = [];
    const hear = (text: string) => {
      heard.push(text);
      this.#onHeard();
    };
    const client = await dial(`${url}?id=${name}`, {
      chat: {
        onSay: (_, msg) =>
          hear(
            `${msg.room && `${msg.room}: `}${
              typeof msg.body === "string" ? msg.body : `bytes ${msg.body}`
            }`,
          ),
        onResult: (_, msg) => hear(`result ${msg.text()}`),
        onWho: () => name,
        onAnyEvent: (_, msg) => {
          if (!msg.event.startsWith("_")) hear(`event ${msg.event}`);
        },
      },
    }, name === "ann" ? { trace: this.#trace } : {});
    this.#closers.push(() => client.close());
    const nsConn = await client.connect("chat");
    if (room !== undefined) await nsConn.joinRoom(room);
    this.#people.set(name, { name, client, nsConn, heard });
  }

  #get(name: string): Person {
    return this.#people.get(name)!;
  }

  async #until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    const done = Promise.withResolvers<void>();
    this.#onHeard = () => condition() && done.resolve();
    await within(done.promise, DEADLINE, "What is to be heard");
  }

  #command(command: object, name = "gil"): void {
    this.#get(name).nsConn.emit("onCommand", command);
  }

  /** Go listens for its connections a while after they have come. */
  async #settle(): Promise<void> {
    const names = [...this.#people.keys()];
    for (;;) {
      const probe = `probe ${this.#fences++}`;
      for (const to of names) {
        const init = { namespace: "chat", event: "onSay" };
        this.#servers[0]!.broadcast(null, { ...init, to, body: `to ${probe}` });
        this.#command({ do: "broadcast", to, body: `Go to ${probe}` });
      }
      this.#say({ body: probe });
      this.#command({ do: "broadcast", body: `Go ${probe}` });
      await new Promise((resolve) => setTimeout(resolve, 100));
      const isHeard = names.every((name) => {
        const { heard } = this.#get(name);
        return ["", "Go ", "to ", "Go to "].every((start) =>
          heard.includes(start + probe)
        );
      });
      if (isHeard) return;
    }
  }

  #say(init: object, except: string[] = []): void {
    this.#servers[0]!.broadcast(except.map(exclude), {
      namespace: "chat",
      event: "onSay",
      ...init,
    });
  }

  /** Does something, and lists who has heard what by the time of a fence. */
  async #listen(
    act: () => unknown,
    fence: "here" | "gil" | "gus",
  ): Promise<string[]> {
    for (const { heard } of this.#people.values()) heard.length = 0;
    await act();
    const body = `fence ${this.#fences++}`;
    if (fence === "here") this.#say({ body });
    else this.#command({ do: "broadcast", body }, fence);
    await this.#until(() =>
      [...this.#people.values()].every(({ heard }) => heard.includes(body))
    );
    return [...this.#people.values()].flatMap(({ name, heard }) =>
      heard.filter((text) => text !== body).map((text) => `${name} ${text}`)
    );
  }

  async #check(
    name: string,
    act: () => unknown,
    fence: "here" | "gil" | "gus",
    expected: string[],
    note?: string,
  ): Promise<void> {
    try {
      const heard = await this.#listen(act, fence);
      const ok = JSON.stringify(heard) === JSON.stringify(expected);
      this.#checks.push({ name, ok, note: ok ? note : heard.join(", ") });
    } catch (error) {
      this.#checks.push({ name, ok: false, note: String(error) });
    }
  }

  async tryAll(): Promise<Check[]> {
    await within(this.#settle(), DEADLINE, "The start");
    const text = 'a;b;;; "quotes" \n žluť 日本語 👩‍👩‍👧 @%!semi';
    const all = (text: string) =>
      ["ann", "bob", "gil", "gus"].map((name) => `${name} ${text}`);
    const go = (command: object) => () =>
      this.#command({ do: "broadcast", body: "hi", ...command });
    const here = (init: object, except: string[] = []) => () =>
      this.#say({ body: "hi", ...init }, except);
    await this.#check(
      "broadcast here, heard there",
      here({}),
      "here",
      all("hi"),
    );
    await this.#check("broadcast there, heard here", go({}), "gil", all("hi"));
    await this.#check(
      "semicolons and Unicode, from here",
      here({ body: text }),
      "here",
      all(text),
    );
    await this.#check(
      "semicolons and Unicode, from there",
      go({ body: text }),
      "gil",
      all(text),
    );
    await this.#check("to a room, from here", here({ room: "tea" }), "here", [
      "ann tea: hi",
      "gil tea: hi",
    ]);
    await this.#check("to a room, from there", go({ room: "tea" }), "gil", [
      "ann tea: hi",
      "gil tea: hi",
    ]);
    await this.#check("to an ID there", here({ to: "gus" }), "here", [
      "gus hi",
    ]);
    await this.#check("to an ID here", go({ to: "bob" }), "gil", ["bob hi"]);
    await this.#check(
      "to an ID here that is not in the room",
      go({ to: "bob", room: "tea" }),
      "gil",
      [],
    );
    await this.#check(
      "all but the sender, who is here",
      async () => {
        const { nsConn } = this.#get("ann");
        nsConn.emit("onSay", "me");
        // Its answer, a refusal, comes when the server has sent the other on.
        await nsConn.ask("").catch(() => {});
      },
      "here",
      ["bob me", "gil me", "gus me"],
    );
    await this.#check(
      "all but the sender, who is there",
      () => this.#get("gus").nsConn.emit("onSay", "me"),
      "gus",
      ["ann me", "bob me", "gil me"],
    );
    const kept = "kept from Go, which would send it to all";
    await this.#check(
      "all but an ID",
      here({}, ["ann"]),
      "here",
      ["bob hi"],
      kept,
    );
    await this.#check(
      "bytes",
      here({ body: new Uint8Array([0xff, 0]) }),
      "here",
      ["ann bytes 255,0", "bob bytes 255,0"],
      "kept from Go, which would send it as text",
    );
    await this.#check(
      "to several rooms",
      here({ rooms: ["tea", "cake"] }),
      "here",
      ["ann tea: hi"],
      "kept from Go, which knows one room",
    );
    await this.#tryAsk();
    await this.#tryOwn();
    return this.#checks;
  }

  /** Go's server.Ask() gets the answer of a client that is here. */
  async #tryAsk(): Promise<void> {
    const name = "server.Ask() there, answered here";
    try {
      const { heard } = this.#get("gil");
      this.#command({ do: "ask", to: "bob" });
      await this.#until(() => heard.some((text) => text.startsWith("result ")));
      const result = heard.find((text) => text.startsWith("result "));
      this.#checks.push({
        name,
        ok: result === "result bob",
        note: result === "result bob"
          ? "Go takes no answer of its own clients: it loses their token"
          : result,
      });
    } catch (error) {
      this.#checks.push({ name, ok: false, note: String(error) });
    }
  }

  /** What is between the servers of this module goes past Go. */
  async #tryOwn(): Promise<void> {
    const [left, right] = this.#servers;
    const answer = await left!.ask({
      namespace: "chat",
      event: "onWho",
      to: "bob",
    });
    this.#checks.push({
      name: "server.ask() here, answered by another server here",
      ok: answer.text() === "bob",
    });
    const presence = right!.presence("chat");
    await this.#check(
      "asks, heartbeats and presence reach no client there",
      () => void left!.count(),
      "here",
      [],
    );
    this.#checks.push({
      name: "presence and counts are those of the servers here",
      ok: await right!.count() === 2 && presence.size === 2,
    });
    const invalid = this.#servers.map((server) =>
      server.stats().exchange!.invalid
    );
    this.#checks.push({
      name: "nothing of Go is taken for invalid",
      ok: invalid.every((count) => count === 0),
      note: invalid.some((count) => count > 0) ? invalid.join() : undefined,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }
}
