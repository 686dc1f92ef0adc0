import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { handshake, MemoryServer, RawClient } from "../neffos/harness/mod.ts";
import { memoryExchange } from "../neffos/mod.ts";
import { metricsHandler } from "./metrics.ts";
import { Router } from "./router/router.ts";

const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 4711 },
  completed: Promise.resolve(),
};

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

interface Family {
  readonly type: string;
  readonly samples: Sample[];
}

const NAME = /^[a-z][a-z0-9_]*$/;

const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{(.+)\})? (\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;

/** Reads the exposition format 0.0.4 as strictly as it is written here. */
function parse(text: string): Map<string, Family> {
  assert(text.endsWith("\n"));
  const families = new Map<string, Family>();
  const lines = text.slice(0, -1).split("\n");
  const seen = new Set<string>();
  let name = "";
  while (lines.length > 0) {
    const line = lines.shift()!;
    if (line.startsWith("#")) {
      const [, help] = /^# HELP (\S+) \S.*$/.exec(line)!;
      const [, typed, type] = /^# TYPE (\S+) (\w+)$/.exec(lines.shift()!)!;
      assertEquals(typed, help);
      name = help!;
      assertMatch(name, NAME);
      assert(!families.has(name), `${name} is there twice`);
      families.set(name, { type: type!, samples: [] });
      continue;
    }
    const match = SAMPLE.exec(line);
    assert(match !== null, `not a sample: ${line}`);
    const { type, samples } = families.get(name)!;
    const suffix = match[1]!.slice(name.length);
    assert(match[1]!.startsWith(name), `${match[1]} is in ${name}`);
    const allowed = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    assert(allowed.includes(suffix), line);
    const id = line.slice(0, line.lastIndexOf(" "));
    assert(!seen.has(id), `${id} is there twice`);
    seen.add(id);
    const labels = parseLabels(match[2] ?? "");
    samples.push({ name: match[1]!, labels, value: Number(match[3]) });
  }
  for (const [family, { type, samples }] of families) {
    assert(samples.length > 0, `${family} is empty`);
    assertEquals(family.endsWith("_total"), type === "counter");
    if (type === "histogram") checkHistogram(family, samples);
    else assert(type === "counter" || type === "gauge");
  }
  return families;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const match = /^([a-z_]+)="((?:[^"\\]|\\[\\"n])*)"(,(?=.)|$)/.exec(rest);
    assert(match !== null, `not labels: ${rest}`);
    assert(!(match[1]! in labels));
    labels[match[1]!] = match[2]!.replaceAll(
      /\\(.)/g,
      (_all, char) => char === "n" ? "\n" : char,
    );
    rest = rest.slice(match[0].length);
  }
  return labels;
}

function checkHistogram(name: string, samples: Sample[]): void {
  const groups = Map.groupBy(
    samples,
    ({ labels: { le: _, ...others } }) => JSON.stringify(others),
  );
  for (const group of groups.values()) {
    const buckets = group.filter((one) => one.name === `${name}_bucket`);
    const [sum, count, ...more] = group.slice(buckets.length);
    assertEquals([sum!.name, count!.name, more], [
      `${name}_sum`,
      `${name}_count`,
      [],
    ]);
    const bounds = buckets.map(({ labels }) => labels.le!);
    assertEquals(bounds.pop(), "+Inf");
    assertEquals(buckets.at(-1)!.value, count!.value);
    const values = buckets.map(({ value }) => value);
    assertEquals(values, values.toSorted((a, b) => a - b));
    const numbers = bounds.map(Number);
    assertEquals(numbers, numbers.toSorted((a, b) => a - b));
    assertEquals(new Set(numbers).size, numbers.length);
  }
}

function readValues(family: Family | undefined): Record<string, number> {
  return Object.fromEntries(
    family!.samples.map(({ labels, value }) => [
      Object.values(labels).join(" "),
      value,
    ]),
  );
}

async function scrape(router: Router): Promise<Map<string, Family>> {
  const request = new Request("http://memory.test/metrics");
  const response = await router.handler(request, INFO);
  assertEquals(response.status, 200);
  assertEquals(
    response.headers.get("content-type"),
    "text/plain; version=0.0.4; charset=utf-8",
  );
  return parse(await response.text());
}

Deno.test("metricsHandler() answers in the Prometheus text format", async () => {
  let time = 0;
  const odd = 'a\\b"c\nd\\n,}=€';
  await using memory = new MemoryServer({
    chat: {
      onSay: (nsConn, msg) => {
        time += 2;
        nsConn.emit("onSaid", msg.body);
      },
      onFail() {
        time += 30;
        throw new Error("a fault");
      },
    },
    [odd]: { [odd]: () => void (time += 1_000) },
  });
  const { server } = memory;
  const router = new Router();
  const options = { buckets: [1, 2.5, 30, 100_000], now: () => time };
  router.get("/metrics", metricsHandler(server, options));
  const empty = await scrape(router);
  assertEquals(empty.has("neffos_handler_duration_seconds"), false);
  assertEquals(empty.has("neffos_connections_closed_total"), false);

  const client = await RawClient.open(memory, "M");
  const inChat = new RawClient(await memory.open());
  const name = odd.replaceAll(";", "@%!semicolon@%!");
  client.send(
    "$1;chat;;_OnNamespaceConnect;0;0;",
    `$2;${name};;_OnNamespaceConnect;0;0;`,
    "$3;chat;room;_OnRoomJoin;0;0;",
    ";chat;;onSay;0;0;hi",
    "$4;chat;;onFail;0;0;",
    `$5;${name};;${name};0;0;`,
    "$6;chat;;made up;0;0;",
    "$7;made up;;onSay;0;0;",
  );
  await client.until(9);
  inChat.socket.close(1001);
  await inChat.closed.promise;
  const bad = handshake();
  bad.headers.set("origin", "https://evil.test");
  await server.upgrade(bad);

  const families = await scrape(router);
  const value = (of: string) => families.get(`neffos_${of}`)!.samples[0]!.value;
  const stats = server.stats();
  assertEquals(value("connections"), 1);
  assertEquals(value("sockets"), stats.sockets);
  assertEquals(value("connections_accepted_total"), 2);
  assertEquals(value("namespaces"), 2);
  assertEquals(value("rooms"), 1);
  assertEquals(value("messages_received_total"), 9);
  assertEquals(value("messages_sent_total"), 9);
  assertEquals(value("received_bytes_total"), stats.bytesIn);
  assertEquals(value("sent_bytes_total"), stats.bytesOut);
  assertEquals(value("errors_total"), 1);
  assertEquals(value("start_time_seconds"), stats.startTime / 1000);
  assertEquals(readValues(families.get("neffos_upgrades_refused_total")), {
    403: 1,
  });
  assertEquals(readValues(families.get("neffos_connections_closed_total")), {
    1001: 1,
  });
  const drops = readValues(families.get("neffos_messages_dropped_total"));
  assertEquals(drops, { ...stats.drops });

  const { samples } = families.get("neffos_handler_duration_seconds")!;
  assertEquals(
    samples.map(({ name, labels: { namespace, event, le = "" }, value }) =>
      [name.split("_").at(-1), namespace, event, le, value].join(" ")
    ),
    [
      ...of("chat", "onSay", [0, 1, 1, 1, 1], 0.002),
      ...of("chat", "onFail", [0, 0, 1, 1, 1], 0.03),
      ...of(odd, odd, [0, 0, 0, 1, 1], 1),
    ],
  );
});

function of(
  namespace: string,
  event: string,
  counts: number[],
  sum: number,
): string[] {
  const bounds = ["0.001", "0.0025", "0.03", "100", "+Inf"];
  return [
    ...counts.map((count, at) =>
      `bucket ${namespace} ${event} ${bounds[at]} ${count}`
    ),
    `sum ${namespace} ${event}  ${sum}`,
    `count ${namespace} ${event}  1`,
  ];
}

Deno.test("metricsHandler() can be called twice, and checks its buckets", async () => {
  await using memory = new MemoryServer({ chat: { onSay() {} } });
  const { server } = memory;
  assertThrows(() => metricsHandler(server, { buckets: [2, 1] }), RangeError);
  const router = new Router();
  metricsHandler(server, { buckets: [7] });
  router.get("/metrics", metricsHandler(server));
  const client = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    "$2;chat;;onSay;0;0;",
  );
  await client.until(3);
  const families = await scrape(router);
  const { samples } = families.get("neffos_handler_duration_seconds")!;
  assertEquals(samples.map(({ labels }) => labels.le), [
    "0.007",
    "+Inf",
    undefined,
    undefined,
  ]);
  assertEquals(samples.at(-1)!.value, 1);
});

Deno.test("metricsHandler() writes the numbers of an exchange, where the server uses one", async () => {
  const nodes = [
    new MemoryServer({ chat: {} }),
    new MemoryServer({ chat: {} }),
  ];
  const router = new Router();
  router.get("/metrics", metricsHandler(nodes[0]!.server));
  const read = async () => {
    const request = new Request("http://localhost/metrics");
    const response = await router.handler(request, INFO);
    return parse(await response.text());
  };
  assertEquals((await read()).has("neffos_exchange_connected"), false);
  const exchange = memoryExchange();
  for (const { server } of nodes) await server.useStackExchange(exchange);
  await nodes[0]!.server.count();
  const families = await read();
  const value = (name: string, at = 0) =>
    families.get(`neffos_exchange_${name}`)!.samples[at]!.value;
  assertEquals(value("connected"), 1);
  assertEquals(value("servers"), 1);
  assert(value("messages_published_total") > 0);
  assert(value("messages_received_total") > 0);
  assertEquals(
    families.get("neffos_exchange_messages_lost_total")!.samples
      .map(({ labels }) => labels.reason),
    ["dropped", "failed", "missed"],
  );
  for (const { server } of nodes) await server.close();
});
