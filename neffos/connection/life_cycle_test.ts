import { assertEquals } from "@std/assert";
import type { Conn } from "../api/conn.ts";
import type { NSConn } from "../api/ns_conn.ts";
import type { Client } from "../client.ts";
import type { Events } from "../controller/events.ts";
import { MemoryServer, sessionOf } from "../harness/mod.ts";
import { CloseError, type EventError } from "../protocol/errors.ts";
import type { Message } from "../protocol/message.ts";
import type { Server } from "../server/server.ts";
import type { Timers } from "../util/timers.ts";

/** Actions of a hook; their results do not matter here. */
type Action = (conn: Conn, server: Server) => unknown;

const NAMESPACE = "chat";

function inside(conn: Conn): NSConn {
  const nsConn = conn.namespace(NAMESPACE);
  if (nsConn === undefined) throw new CloseError(4000, "not connected");
  return nsConn;
}

const SHORT = { timeout: 20 };

const ACTIONS: Record<string, Action> = {
  emit: (conn) => inside(conn).emit("onOther"),
  ask: (conn) => inside(conn).ask("onOther", "", SHORT),
  "ask without waiting": (conn) => {
    inside(conn).ask("onOther", "", SHORT).catch(() => {});
  },
  "join the room": (conn) => inside(conn).joinRoom("room", SHORT),
  "join another room": (conn) => inside(conn).joinRoom("other", SHORT),
  "leave the room": (conn) => inside(conn).room("room")?.leave(SHORT),
  "leave all rooms": (conn) => inside(conn).leaveAll(SHORT),
  disconnect: (conn) => inside(conn).disconnect(SHORT),
  "disconnect all": (conn) => conn.disconnectAll(SHORT),
  connect: (conn) => conn.connect(NAMESPACE, SHORT),
  "connect another": (conn) => conn.connect("second", SHORT),
  close: (conn) => conn.close(4321, "by a hook"),
  "throw a CloseError": () => {
    throw new CloseError(4321, "by a hook");
  },
  throw: () => {
    throw new Error("by a hook");
  },
  broadcast: (_conn, server) =>
    server.broadcast(null, { namespace: NAMESPACE, event: "onOther" }),
  "ask every connection": (_conn, server) =>
    server.ask({ namespace: NAMESPACE, event: "onOther" }, SHORT),
  "look around": (conn, server) => [
    server.connections,
    server.room(NAMESPACE, "room"),
    conn.namespaces.map(({ rooms }) => rooms),
  ],
  "close the server": (_conn, server) => server.close({ timeout: 20 }),
};

const HOOKS = [
  "onNamespaceConnect",
  "onNamespaceConnected",
  "onNamespaceDisconnect",
  "onRoomJoin",
  "onRoomJoined",
  "onRoomLeave",
  "onRoomLeft",
  "onSay",
];

/** Walks through the life of a connection, as far as it gets. */
async function live(client: Client): Promise<void> {
  const steps: ((nsConn: NSConn | undefined) => unknown)[] = [
    () => client.connect(NAMESPACE, SHORT),
    (nsConn) => nsConn?.joinRoom("room", SHORT),
    (nsConn) => nsConn?.ask("onSay", "", SHORT),
    (nsConn) => nsConn?.room("room")?.leave(SHORT),
    (nsConn) => nsConn?.joinRoom("room", SHORT),
    (nsConn) => nsConn?.disconnect(SHORT),
    () => client.connect(NAMESPACE, SHORT),
    (nsConn) => nsConn?.joinRoom("room", SHORT),
  ];
  for (const step of steps) {
    try {
      await step(client.namespace(NAMESPACE));
    } catch {
      // A hook has made this step fail; the next one may work.
    }
  }
}

/** Checks that everything that began has ended as often. */
class Balance {
  readonly counts: Record<string, number> = {};

  add(what: string, by: number): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  events(side: string): Events {
    const count = (what: string, by: number) => () =>
      this.add(`${side} ${what}`, by);
    return {
      onNamespaceConnected: count("namespace", 1),
      onNamespaceDisconnect: count("namespace", -1),
      onRoomJoined: count("room", 1),
      onRoomLeft: count("room", -1),
    };
  }
}

/** Waits a turn: a hook that closes the server goes on after the close. */
function lastWords(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Combines the events that count with those that act. */
function both(first: Events, name: string, act: () => unknown): Events {
  const counted = first[name];
  return {
    onOther: () => "other",
    onSay: () => "said",
    ...first,
    async [name](nsConn, msg) {
      // A hook that throws refuses the ask to leave, so nothing was left.
      const mayRefuse = name === "onNamespaceDisconnect" && !msg.isLocal;
      if (!mayRefuse) counted?.(nsConn, msg);
      await act();
      if (mayRefuse) counted?.(nsConn, msg);
    },
  };
}

for (const side of ["server", "client"] as const) {
  for (const hook of HOOKS) {
    Deno.test(`Any action in any hook ends well: ${side}, ${hook}`, async () => {
      for (const [name, action] of Object.entries(ACTIONS)) {
        const balance = new Balance();
        const faults: string[] = [];
        // A hook whose action fires the same hook would recurse without end.
        let isActing = false;
        const act = (conn: () => Conn) => async () => {
          if (isActing) return;
          isActing = true;
          try {
            await action(conn(), memory.server);
          } finally {
            isActing = false;
          }
        };
        const handlers = {
          server: balance.events("server"),
          client: balance.events("client"),
        };
        let closed: Conn | undefined;
        const acting = side === "server"
          ? act(() => memory.server.connections[0] ?? closed!)
          : act(() => client.conn);
        handlers[side] = both(handlers[side], hook, acting);
        const other = side === "server" ? "client" : "server";
        handlers[other] = both(handlers[other], "onOther", () => "other");
        const memory = new MemoryServer(
          { [NAMESPACE]: handlers.server, second: {} },
          {
            closeTimeout: 50,
            onError: (error) => faults.push((error as Error).message),
            onConnect(conn) {
              closed = conn;
              balance.add("connection", 1);
            },
            onDisconnect: () => balance.add("connection", -1),
          },
        );
        const client: Client = await memory.dial(
          { [NAMESPACE]: handlers.client, second: {} },
          { onError: (error) => faults.push((error as Error).message) },
        );
        await live(client);
        await client.close();
        await memory.server.close();
        await lastWords();
        const where = `${side}, ${hook}, ${name}`;
        for (const [what, count] of Object.entries(balance.counts)) {
          assertEquals(count, 0, `${what}: ${where}`);
        }
        assertEquals(memory.server.totalConnections, 0, where);
        assertEquals(
          memory.server.connectionsByNamespace(NAMESPACE),
          [],
          where,
        );
        assertEquals(memory.server.room(NAMESPACE, "room"), [], where);
      }
    });
  }
}

for (const hook of ["onConnect", "onDisconnect"] as const) {
  Deno.test(`Any action in any hook ends well: server, ${hook}`, async () => {
    for (const [name, action] of Object.entries(ACTIONS)) {
      const balance = new Balance();
      const memory = new MemoryServer(
        {
          [NAMESPACE]: { ...balance.events("server"), onOther: () => "other" },
          second: {},
        },
        {
          closeTimeout: 50,
          async onConnect(conn) {
            if (hook === "onConnect") await action(conn, memory.server);
            // An onConnect that throws gets no onDisconnect.
            balance.add("connection", 1);
          },
          async onDisconnect(conn) {
            balance.add("connection", -1);
            if (hook === "onDisconnect") await action(conn, memory.server);
          },
        },
      );
      const where = `${hook}, ${name}`;
      try {
        const client = await memory.dial({ [NAMESPACE]: {}, second: {} });
        await live(client);
        await client.close();
      } catch (error) {
        assertEquals(hook, "onConnect", `${where}: ${error}`);
      }
      await memory.server.close();
      await lastWords();
      for (const [what, count] of Object.entries(balance.counts)) {
        assertEquals(count, 0, `${what}: ${where}`);
      }
      assertEquals(memory.server.totalConnections, 0, where);
      assertEquals(memory.server.room(NAMESPACE, "room"), [], where);
    }
  });
}

/** Counts the deadlines that are set from now on, and not cleared. */
function countTimers(timers: Timers): () => number {
  const { set, clear } = timers;
  let count = 0;
  timers.set = (...args) => {
    count++;
    return set.apply(timers, args);
  };
  timers.clear = (...args) => {
    count--;
    clear.apply(timers, args);
  };
  return () => count;
}

Deno.test("100,000 asks leave no entry, no timer and no listener", async () => {
  let listeners = 0;
  const { signal } = new AbortController();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (
    ...args: Parameters<typeof removeEventListener>
  ) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  await using memory = new MemoryServer({ chat: { onAsk: () => "answer" } });
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  const { asks, host } = sessionOf(client.conn);
  const timers = countTimers(host.timers);
  for (let i = 0; i < 100; i++) {
    const batch = Array.from({ length: 1000 }, (_, n) => {
      // One in ten ends by its time limit, another by a refusal.
      if (n % 10 === 0) return nsConn.ask("onAsk", "", { timeout: 0.001 });
      if (n % 10 === 1) return nsConn.ask("onNobody", "", { signal });
      return nsConn.ask("onAsk", "", { signal });
    });
    await Promise.allSettled(batch);
  }
  assertEquals([asks.size, timers(), listeners], [0, 0, 0]);
  const last = nsConn.ask("onAsk", "", { signal });
  assertEquals([asks.size, timers(), listeners], [1, 1, 1]);
  await last;
  assertEquals([asks.size, timers(), listeners], [0, 0, 0]);
});

/** Tells what came of a call. */
async function outcomeOf(
  call: () => Promise<unknown> | undefined,
): Promise<string> {
  try {
    return (await call())?.constructor.name ?? "done";
  } catch (error) {
    const { name, message, namespace, room = "" } = error as EventError;
    return `${name} ${namespace}/${room}: ${message}`;
  }
}

for (const caller of ["server", "client"] as const) {
  for (const hooked of ["server", "client"] as const) {
    Deno.test(`A call about a name, in the hook that decides about it, settles at once: ${hooked}, called by the ${caller}`, async () => {
      const seen: Record<string, string[]> = {};
      const watch = (hook: string) => async (nsConn: NSConn, msg: Message) => {
        const { room } = msg;
        const calls = room === ""
          ? [
            () => nsConn.conn.connect(NAMESPACE),
            () => nsConn.disconnect(),
          ]
          : [
            () => nsConn.joinRoom(room),
            () => nsConn.room(room)?.leave() ?? nsConn.leaveAll(),
          ];
        const outcomes: string[] = [];
        for (const call of calls) outcomes.push(await outcomeOf(call));
        seen[hook] = outcomes;
      };
      const hooks = Object.fromEntries(
        ["onNamespaceConnect", "onRoomJoin", "onRoomLeave"]
          .map((hook) => [hook, watch(hook)]),
      );
      const release = { onNamespaceDisconnect: watch("onNamespaceDisconnect") };
      await using memory = new MemoryServer({
        [NAMESPACE]: hooked === "client"
          ? {}
          : caller === "client"
          ? { ...hooks, ...release }
          : hooks,
      });
      const client = await memory.dial({
        [NAMESPACE]: hooked === "client" ? hooks : {},
      });
      const side = caller === "client" ? client : memory.server.connections[0]!;
      const nsConn = await side.connect(NAMESPACE);
      const room = await nsConn.joinRoom("room");
      await room.leave();
      await nsConn.disconnect();
      assertEquals(seen, {
        onNamespaceConnect: [
          'EventError chat/: Cannot connect to namespace "chat": it is this hook that decides',
          "BadNamespaceError chat/: bad namespace",
        ],
        onRoomJoin: [
          'EventError chat/room: Cannot join room "room": it is this hook that decides',
          "done",
        ],
        // Its own side has left, the other one only asks.
        onRoomLeave: caller === hooked
          ? ["BadRoomError chat/room: bad room", "done"]
          : ["Room", "done"],
        ...caller === "client" && hooked === "server"
          ? { onNamespaceDisconnect: ["NSConn", "done"] }
          : {},
      });
      await client.close();
    });
  }
}

for (const hook of ["onRoomLeft", "onNamespaceDisconnect", "onDisconnect"]) {
  Deno.test(`A hook that hears of the end may wait for it: ${hook}`, async () => {
    const log: string[] = [];
    const wait = async (conn: Conn, close: () => Promise<void>) => {
      await null;
      log.push(`closed ${(await conn.closed).code}`);
      await close();
      log.push("over");
    };
    const isTold = hook === "onDisconnect";
    await using memory: MemoryServer = new MemoryServer({
      chat: isTold ? {} : {
        [hook]: ({ conn }) => wait(conn, () => memory.server.close()),
      },
    }, {
      onDisconnect: (conn) =>
        isTold ? wait(conn, () => memory.server.close()) : undefined,
      closeTimeout: 1e9,
    });
    const client: Client = await memory.dial({
      chat: { [hook]: ({ conn }) => wait(conn, () => client.close()) },
    });
    const nsConn = await client.connect("chat");
    await nsConn.joinRoom("room");
    memory.server.connections[0]!.close(4_000);
    await client.closed;
    await memory.server.close();
    const sides = isTold ? ["a server"] : ["a server", "a client"];
    assertEquals(log.toSorted(), [
      ...sides.map(() => "closed 4000"),
      ...sides.map(() => "over"),
    ]);
    assertEquals(memory.errors, []);
  });
}
