import { assertEquals } from "@std/assert";
import * as all from "./mod.ts";
import * as cli from "./mvc/cli/main.ts";
import * as mvc from "./mvc/mod.ts";
import * as testing from "./mvc/testing/mod.ts";
import * as client from "./neffos/client.ts";
import * as neffos from "./neffos/mod.ts";
import * as tracing from "./neffos/tracing/mod.ts";

const NEFFOS = [
  "AskTimeoutError",
  "BadNamespaceError",
  "BadRoomError",
  "Client",
  "CloseError",
  "Conn",
  "ConnectionClosedError",
  "DialError",
  "Emitter",
  "EventError",
  "ExchangeError",
  "Exclude",
  "InvalidPayloadError",
  "LimitError",
  "Message",
  "NSConn",
  "NeffosError",
  "OnAnyEvent",
  "OnNamespaceConnect",
  "OnNamespaceConnected",
  "OnNamespaceDisconnect",
  "OnNativeMessage",
  "OnRoomJoin",
  "OnRoomJoined",
  "OnRoomLeave",
  "OnRoomLeft",
  "Presence",
  "Reply",
  "Room",
  "Server",
  "Struct",
  "UpgradeError",
  "bunUpgrader",
  "denoUpgrader",
  "decode",
  "dial",
  "encode",
  "eventPrefixMatcher",
  "eventTrimPrefixMatcher",
  "exclude",
  "handlerSource",
  "isSystemEvent",
  "joinConnHandlers",
  "memoryExchange",
  "natsExchange",
  "redisExchange",
  "registerError",
  "reply",
  "socketPair",
  "traceEvents",
  "withTimeout",
  "workersExchange",
  "wsUpgrader",
];

const MVC = [
  "Application",
  "Container",
  "Context",
  "DependencyError",
  "HttpError",
  "Party",
  "Router",
  "asyncapi",
  "clientScript",
  "contextOf",
  "dashboard",
  "metricsHandler",
  "optional",
  "serverSentEvents",
  "status",
  "token",
  "websocketHandler",
];

Deno.test("mod.ts exports these names, and no others", () => {
  assertEquals(Object.keys(neffos).toSorted(), NEFFOS.toSorted());
  assertEquals(Object.keys(mvc).toSorted(), MVC.toSorted());
  assertEquals(Object.keys(all).toSorted(), [...NEFFOS, ...MVC].toSorted());
});

Deno.test("client.ts exports what a client's program needs", () => {
  const serverOnly = [
    "Emitter",
    "ExchangeError",
    "Presence",
    "Server",
    "UpgradeError",
    "bunUpgrader",
    "denoUpgrader",
    "memoryExchange",
    "natsExchange",
    "redisExchange",
    "traceEvents",
    "workersExchange",
    "wsUpgrader",
  ];
  assertEquals(
    Object.keys(client).toSorted(),
    NEFFOS.filter((name) => !serverOnly.includes(name)).toSorted(),
  );
});

Deno.test("tracing/mod.ts exports these names, and no others", () => {
  assertEquals(Object.keys(tracing), ["traceEvents"]);
});

Deno.test("The test kit exports these names, and no others", () => {
  assertEquals(
    Object.keys(testing).toSorted(),
    ["AssertionError", "TestClient", "connectTest", "request"],
  );
});

Deno.test("The command line exports one function", () => {
  assertEquals(Object.keys(cli), ["runCommandLine"]);
});
