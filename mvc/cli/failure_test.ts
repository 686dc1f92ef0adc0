import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  AskTimeoutError,
  ConnectionClosedError,
  DialError,
  EventError,
} from "../../neffos/client.ts";
import { Failure, toFailure, usage, writeFailure } from "./failure.ts";

/** Makes the error of a dial that has failed for a reason of the platform. */
function dialError(reason: string): DialError {
  return new DialError("wss://a.example/", `no WebSocket (${reason})`);
}

Deno.test("toFailure() says what has failed, and what to do", () => {
  const late = new AskTimeoutError("Cannot ask: no answer", 10);
  const cases: [error: unknown, outcome: string, text: RegExp][] = [
    [dialError("tcp connect error"), "unreachable", /nothing listens there/],
    [dialError("dns error"), "unreachable", /check the name$/],
    [dialError("received corrupt message"), "unreachable", /try ws:/],
    [dialError("invalid HTTP version parsed"), "unreachable", /try wss:/],
    [dialError("invalid peer certificate"), "unreachable", /DENO_CERT/],
    [dialError("peer certificate: Expired"), "unreachable", /new certificate/],
    [dialError("not valid for name"), "unreachable", /for another host/],
    [dialError("Invalid protocol value"), "usage", /check --protocol/],
    [dialError("run again with --allow-net"), "usage", /Deno lets it/],
    [dialError("another"), "unreachable", /check the URL$/],
    [
      new DialError("ws://a/", "it answered 403", { status: 403 }),
      "unreachable",
      /403; give credentials, or an origin/,
    ],
    [
      new DialError("ws://a/", "it did not accept", { cause: late }),
      "late",
      /is it a neffos server\?/,
    ],
    [late, "late", /--timeout/],
    [new ConnectionClosedError(4008), "unreachable", /4008, it read too slow/],
    [new EventError("no", { event: "_OnRoomJoin" }), "refused", /refused: no$/],
    [new EventError("no", { event: "onSay" }), "refused", /"onSay": no$/],
    [new TypeError("wrong"), "usage", /^wrong$/],
    [new Deno.errors.NotFound("no file"), "usage", /^no file$/],
    [new Error("oops"), "fault", /^This is a bug in neffos: Error: oops/],
    ["oops", "fault", /oops$/],
    [usage("write this"), "usage", /^write this$/],
  ];
  for (const [error, outcome, text] of cases) {
    const failure = toFailure(error);
    assertEquals(failure.outcome, outcome, String(error));
    assertMatch(writeFailure(failure), text);
  }
});

Deno.test("writeFailure() writes one line, and lets no server draw on the terminal", () => {
  const failure = new Failure("refused", "no\n  \x1b[2Jway\r\n");
  assertEquals(writeFailure(failure), String.raw`no \u001b[2Jway`);
  const fault = toFailure(new Error("\x9b2J"));
  assertStringIncludes(writeFailure(fault), String.raw`\u009b2J`);
});
