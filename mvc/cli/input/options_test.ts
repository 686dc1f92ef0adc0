import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Failure } from "../failure.ts";
import {
  parseCount,
  parseDuration,
  parseHeaders,
  parsePair,
  parseRate,
} from "./options.ts";

const noFile = () => Promise.reject(new Error("no file is wanted"));

Deno.test("parseDuration() reads seconds, or what has a unit", () => {
  const durations = { "10": 10_000, "1.5s": 1_500, "20ms": 20, "2m": 120_000 };
  for (const [text, expected] of Object.entries(durations)) {
    assertEquals(parseDuration("timeout", text), expected);
  }
  for (const wrong of ["", "0", "-1s", "1 s", "s", "1d", "1e3", "1000h"]) {
    assertThrows(() => parseDuration("timeout", wrong), Failure, "--timeout");
  }
});

Deno.test("parseCount() and parseRate() read positive numbers", () => {
  assertEquals(parseCount("count", "12"), 12);
  assertThrows(() => parseCount("count", "12", 11), Failure, "from 1 to 11");
  assertEquals(parseRate("rate", "0.5"), 0.5);
  for (const wrong of ["0", "-1", "x", "", "9".repeat(20)]) {
    assertThrows(() => parseCount("count", wrong), Failure, "--count");
  }
  for (const wrong of ["0", "-1", "x", "1/s"]) {
    assertThrows(() => parseRate("rate", wrong), Failure, "--rate");
  }
});

Deno.test("parseHeaders() reads headers as curl does, and shows no secret", async () => {
  const lines = ["X-Name: Ann: Bob ", "x-empty:"];
  assertEquals(await parseHeaders(lines, noFile), [
    ["X-Name", "Ann: Bob"],
    ["x-empty", ""],
  ]);
  const file = () => Promise.resolve("a: 1\r\n\r\nb: 2\n");
  assertEquals(await parseHeaders(["@file"], file), [["a", "1"], ["b", "2"]]);
  for (const wrong of ["Authorization=secret", ": secret", "a b: secret"]) {
    const error = await assertRejects(
      () => parseHeaders([wrong], noFile),
      Failure,
      "'Name: value'",
    );
    assertEquals(error.message.includes("secret"), false);
  }
});

Deno.test("parsePair() reads a name and a value", () => {
  assertEquals(parsePair("query", "a=b=c"), ["a", "b=c"]);
  assertEquals(parsePair("query", "a="), ["a", ""]);
  for (const wrong of ["a", "=b", ""]) {
    assertThrows(() => parsePair("query", wrong), Failure, "name=value");
  }
});
