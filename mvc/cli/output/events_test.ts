import { assertEquals, assertStringIncludes } from "@std/assert";
import { EventError } from "../../../neffos/client.ts";
import { formatBody, formatEvent, type Shown, toJSONLine } from "./events.ts";
import { describeCode } from "./codes.ts";
import { makeStyle } from "./style.ts";

const plain = makeStyle(false, { hasColor: true });
const message: Shown = {
  namespace: "chat",
  room: "",
  event: "onSay",
  body: "hello",
};

Deno.test("formatEvent() writes a line for people", () => {
  const cases: [Partial<Shown>, string][] = [
    [{}, "< chat onSay hello"],
    [{ room: "lobby" }, "< chat/lobby onSay hello"],
    [{ namespace: "", body: "" }, '< "" onSay'],
    [
      { room: "a b", event: "on\nSay" },
      String.raw`< chat/"a b" "on\nSay" hello`,
    ],
    [{ error: new EventError("no\n") }, String.raw`< chat onSay refused: no\n`],
    [{ wait: "$1" }, "< chat onSay hello (asks)"],
    [{ isNative: true, body: "raw" }, "< native raw"],
    [{ body: Uint8Array.of(1, 255) }, "< chat onSay <2 bytes 01ff>"],
  ];
  for (const [part, line] of cases) {
    assertEquals(formatEvent({ ...message, ...part }, plain), line);
  }
});

Deno.test("No line has a control character of a peer, in names and JSON too", () => {
  const evil = "\x1b[2J\x9b31m\x7f\u202e\u200f\u2028\t";
  const escaped = String.raw`\u001b[2J\u009b31m\u007f\u202e\u200f\u2028\t`;
  const everywhere = {
    namespace: evil,
    room: evil,
    event: evil,
    body: `{"a":\t${JSON.stringify(evil)}}`,
  };
  const line = toJSONLine(everywhere);
  for (
    const text of [
      line,
      toJSONLine({ ...everywhere, error: new EventError(evil) }),
      formatEvent(everywhere, plain),
      describeCode({ code: 4000, reason: evil }),
    ]
  ) {
    assertStringIncludes(text, escaped);
    assertEquals(text.match(/[\p{Cc}\p{Bidi_Control}\u2028]/u), null);
  }
  assertEquals(JSON.parse(line), { ...everywhere, body: { a: evil } });
});

Deno.test("formatEvent() colours what a terminal shows", () => {
  const line = formatEvent(message, makeStyle(true, { hasColor: true }));
  assertEquals(
    line,
    "\x1b[2m<\x1b[0m \x1b[36mchat\x1b[0m \x1b[1monSay\x1b[0m hello",
  );
  const none = makeStyle(true, { hasColor: false });
  assertEquals(formatEvent(message, none), "< chat onSay hello");
});

Deno.test("formatBody() lets no peer draw on the terminal, and cuts what is long", () => {
  assertEquals(
    formatBody("a\x1b[2Jb\r\n\tc\u009b\u202e"),
    String.raw`a\u001b[2Jb\r\n\tc\u009b\u202e`,
  );
  const long = formatBody("x".repeat(5_000));
  assertStringIncludes(long, "… (904 more characters; --json has all)");
  assertEquals(
    formatBody(new Uint8Array(100)),
    `<100 bytes ${"00".repeat(32)}…>`,
  );
  assertEquals(formatBody(new Uint8Array(0)), "<0 bytes>");
  assertEquals(formatBody(new Uint8Array(1)), "<1 byte 00>");
});

Deno.test("toJSONLine() writes one line, and changes no digit", () => {
  const cases: [Partial<Shown>, string][] = [
    [{}, '"body":"hello"'],
    [
      { body: '{\n"a": 1.0,\r\n"b": 12345678901234567890}\n' },
      '"body":{ "a": 1.0, "b": 12345678901234567890}',
    ],
    [{ body: "" }, '"body":""'],
    [{ body: "a\nb" }, '"body":"a\\nb"'],
    [{ body: Uint8Array.of(0, 255) }, '"base64":"AP8="'],
    [{ error: new EventError("no") }, '"error":"no"'],
  ];
  for (const [part, end] of cases) {
    const line = toJSONLine({ ...message, ...part });
    assertEquals(line, `{"namespace":"chat","room":"","event":"onSay",${end}}`);
    JSON.parse(line);
  }
  assertEquals(
    toJSONLine({ ...message, isNative: true }, { time: "now" }),
    '{"time":"now","native":true,"body":"hello"}',
  );
});
