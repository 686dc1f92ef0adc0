import { assert, assertEquals } from "@std/assert";
import {
  handshake,
  MemoryServer,
  RawClient,
} from "../../neffos/harness/mod.ts";
import { memoryExchange } from "../../neffos/mod.ts";
import { INFO, serveDashboard } from "../harness/dashboard.ts";
import type { ConnectionDetail, ConnectionPage, Rows } from "./data.ts";

function post(body: unknown, headers: Record<string, string> = {}) {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

/** Opens connections with IDs in a namespace, each in a room. */
async function connect(memory: MemoryServer, count: number) {
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await RawClient.open(
      memory,
      "M",
      "$1;chat;;_OnNamespaceConnect;0;0;",
      `$2;chat;<script>${i % 2};_OnRoomJoin;0;0;`,
    );
    await client.until(3);
    clients.push(client);
  }
  return clients;
}

/** Makes a server whose connections are called user-0, user-1 and so on. */
function makeMemory(): MemoryServer {
  let next = 0;
  return new MemoryServer({ chat: {} }, {
    idGenerator: () => `user-${next++}`,
  });
}

Deno.test("dashboard() lists connections by pages, the newest first", async () => {
  await using memory = makeMemory();
  const ask = serveDashboard(memory.server);
  const list = async (query = ""): Promise<ConnectionPage> =>
    await (await ask(`connections?${query}`)).json();
  assertEquals(await list(), { count: 0, rows: [], offset: 0, size: 25 });
  await connect(memory, 30);
  const first = await list();
  assertEquals([first.count, first.rows.length], [30, 25]);
  assertEquals(first.rows[0]!.id, "user-29");
  assertEquals(first.rows[0]!.namespaces, ["chat"]);
  assertEquals(first.rows[0]!.rooms, 1);
  const second = await list("offset=25");
  assertEquals(second.rows.map(({ id }) => id), [
    ...["user-4", "user-3", "user-2", "user-1", "user-0"],
  ]);
  for (const query of ["offset=-3", "offset=x", "offset=1.5", "offset="]) {
    assertEquals((await list(query)).offset, 0, query);
  }
  assertEquals((await list("offset=99")).rows, []);
});

Deno.test("dashboard() finds connections by ID, namespace and room", async () => {
  await using memory = makeMemory();
  const ask = serveDashboard(memory.server);
  await connect(memory, 12);
  const count = async (text: string) => {
    const query = new URLSearchParams({ text });
    return (await (await ask(`connections?${query}`)).json()).count;
  };
  assertEquals(await count("USER-1"), 3);
  assertEquals(await count(" user-11 "), 1);
  assertEquals(await count("chat"), 12);
  assertEquals(await count("<script>1"), 6);
  assertEquals(await count("nobody"), 0);
});

Deno.test("dashboard() shows a connection, but no message, header or URL of it", async () => {
  const secret = "s3cr3t";
  await using memory = new MemoryServer({
    chat: {
      onSay() {
        throw new RangeError(secret);
      },
    },
  }, { parameterHeaders: ["X-Token"] });
  const { server } = memory;
  const ask = serveDashboard(server);
  memory.open = async function () {
    // The same as before, with secrets.
    const { upgrade } = server;
    server.upgrade = (_request, info) =>
      upgrade.call(
        server,
        handshake(
          { authorization: secret, cookie: `a=${secret}` },
          `?X-Websocket-Header-X-Token=${secret}&q=${secret}`,
        ),
        info ?? { remoteAddr: INFO.remoteAddr },
      );
    return await MemoryServer.prototype.open.call(memory);
  };
  const client = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    `$2;chat;;onSay;0;0;${secret}`,
  );
  const received = await client.until(3);
  const id = String(received[0]).slice(1);
  const answer = await (await ask(`connection?id=${id}`)).text();
  const { count, rows: [row] }: Rows<ConnectionDetail> = JSON.parse(answer);
  assertEquals(count, 1);
  assertEquals(row!.address, "127.0.0.1");
  assertEquals(row!.received, 3);
  assertEquals(row!.namespaces, [{ name: "chat", rooms: [] }]);
  assert(Math.abs(Date.now() - row!.since) < 60_000);
  const events = await ask("events");
  const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
  let sent = "";
  while (!sent.includes("RangeError")) sent += (await reader.read()).value;
  await reader.cancel();
  const list = await (await ask("connections")).text();
  for (const text of [answer, sent, list]) {
    assert(!text.includes(secret), text);
  }
  const none = await (await ask("connection?id=nobody")).json();
  assertEquals(none, { count: 0, rows: [] });
});

Deno.test("dashboard() shows the address that a trusted proxy has told", async () => {
  await using memory = new MemoryServer({ chat: {} }, { trustProxy: true });
  const { server } = memory;
  const { upgrade } = server;
  const headers = { "x-forwarded-for": "198.51.100.7" };
  server.upgrade = () => upgrade.call(server, handshake(headers));
  await RawClient.open(memory, "M");
  const { rows: [row] } = await (await serveDashboard(server)("connections"))
    .json();
  assertEquals(row.address, "198.51.100.7");
});

Deno.test("dashboard() disconnects all connections with an ID", async () => {
  await using memory = makeMemory();
  const ask = serveDashboard(memory.server);
  const [ann, bob, cy] = await connect(memory, 3);
  const away = await ask("disconnect", post({ id: "user-0" }));
  assertEquals(away.headers.get("cache-control"), "no-store");
  assertEquals(await away.json(), { count: 1 });
  assertEquals((await ann!.closed.promise).code, 1000);
  const again = post({ id: "user-1", mayReturn: true });
  assertEquals(await (await ask("disconnect", again)).json(), { count: 1 });
  const { code, reason } = await bob!.closed.promise;
  assertEquals([code, reason], [4000, "disconnected by an operator"]);
  const none = await ask("disconnect", post({ id: "user-0" }));
  assertEquals(await none.json(), { count: 0 });
  cy!.send("$9;chat;;_OnNamespaceDisconnect;0;0;");
  await cy!.until(4);
});

Deno.test("dashboard() disconnects on the other servers of the cluster as well", async () => {
  await using here = makeMemory();
  await using there = makeMemory();
  const exchange = memoryExchange();
  for (const { server } of [here, there]) {
    await server.useStackExchange(exchange);
  }
  const [ann] = await connect(there, 1);
  const ask = serveDashboard(here.server);
  const answer = await ask("disconnect", post({ id: "user-0" }));
  assertEquals(await answer.json(), { count: 1 });
  assertEquals((await ann!.closed.promise).code, 1000);
});

Deno.test("dashboard() disconnects nobody for a page of another origin", async () => {
  await using memory = makeMemory();
  const ask = serveDashboard(memory.server);
  await connect(memory, 1);
  const id = "user-0";
  const refused: Record<string, string>[] = [
    { "sec-fetch-site": "cross-site", origin: "http://evil.test" },
    { "sec-fetch-site": "same-site", origin: "http://other.host" },
    // The browser knows better than what a header says.
    { "sec-fetch-site": "cross-site", origin: "http://host" },
    { "sec-fetch-site": "none", origin: "http://host" },
    { "sec-fetch-site": "cross-site" },
    { host: "host", origin: "http://evil.test" },
    { host: "host", origin: "http://host:8080" },
    { host: "host", origin: "null" },
  ];
  for (const headers of refused) {
    const text = JSON.stringify(headers);
    const answer = await ask("disconnect", post({ id }, headers));
    assertEquals(answer.status, 403, text);
    await answer.body?.cancel();
    // It could use up the places of those who look.
    const events = await ask("events", { headers });
    assertEquals(events.status, 403, text);
    await events.body?.cancel();
  }
  // What a form of any page can send.
  for (const body of [new URLSearchParams({ id }), new FormData(), "id"]) {
    if (body instanceof FormData) body.set("id", id);
    const answer = await ask("disconnect", { method: "POST", body });
    assertEquals(answer.status, 415);
    await answer.body?.cancel();
  }
  for (const body of [{}, null, "x", { id: "" }, { id: 7 }, { id: "\ud800" }]) {
    const answer = await ask("disconnect", post(body));
    assertEquals(answer.status, 400, JSON.stringify(body));
    await answer.body?.cancel();
  }
  assertEquals(memory.server.totalConnections, 1);
  const allowed: Record<string, string>[] = [
    { "sec-fetch-site": "same-origin", origin: "https://public.test" },
    { host: "host", origin: "http://host" },
  ];
  for (const headers of allowed) {
    const answer = await ask("disconnect", post({ id: "nobody" }, headers));
    assertEquals(await answer.json(), { count: 0 });
  }
});
