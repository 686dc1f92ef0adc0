import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  decode,
  Decoder,
  type Encodable,
  encode,
  encodeEmptyReply,
  encodeEvent,
  encodeForRoom,
  encodeOnce,
  encodeRoute,
  type NativeMode,
  readOrigin,
} from "./codec.ts";
import { BadNamespaceError, EventError } from "./errors.ts";
import { Message } from "./message.ts";

interface Decoded {
  input: string;
  allowNative: boolean;
  onlyNative: boolean;
  invalid: boolean;
  native: boolean;
  wait: string;
  namespace: string;
  room: string;
  event: string;
  body: string;
  error: string | null;
  noOp: boolean;
  fromExplicit: string;
  fromStackExchange: boolean;
}

interface Encoded {
  wait: string;
  namespace: string;
  room: string;
  event: string;
  body: string;
  error: string | null;
  noOp: boolean;
  output: string;
}

const VECTORS: { deserialize: Decoded[]; serialize: Encoded[] } = JSON.parse(
  await Deno.readTextFile(new URL("../testdata/codec.json", import.meta.url)),
);

function toNativeMode({ allowNative, onlyNative }: Decoded): NativeMode {
  if (onlyNative) return "only";
  return allowNative ? "allow" : "none";
}

/** Two errors with one text have different stacks. */
function plain(message: Message | undefined): unknown {
  return message && { ...message, error: message.error?.message };
}

Deno.test("decode() reads every text frame as Go does", () => {
  assertEquals(VECTORS.deserialize.length, 600);
  for (const vector of VECTORS.deserialize) {
    const { input, fromStackExchange } = vector;
    const message = decode(input, toNativeMode(vector));
    assertEquals(message === undefined, vector.invalid, input);
    if (message === undefined) continue;
    const { namespace, room, event, body, error, isNoOp } = message;
    const field = input.slice(0, input.indexOf(";"));
    const isFramed = toNativeMode(vector) !== "only" && body !== input;
    const origin = readOrigin(isFramed ? field : "");
    assertEquals(
      {
        namespace,
        room,
        event,
        body,
        error: error?.message ?? null,
        noOp: isNoOp,
        fromExplicit: origin.sender,
        fromStackExchange: origin.isRemoteAsk,
        // Go removes another server's mark from every token. This module does so
        // on a StackExchange only: a websocket's tokens are opaque.
        wait: fromStackExchange ? origin.wait : message.wait,
      },
      {
        namespace: vector.namespace,
        room: vector.room,
        event: vector.event,
        body: vector.body,
        error: vector.error,
        noOp: vector.noOp,
        fromExplicit: vector.fromExplicit,
        fromStackExchange,
        wait: vector.wait,
      },
      input,
    );
    // The mode "only" implies that native messages are allowed.
    if (vector.onlyNative && !vector.allowNative) continue;
    assertEquals(message.isNative, vector.native, input);
  }
});

Deno.test("Decoder decodes each frame as decode() does, whatever came before", () => {
  for (const native of ["none", "allow", "only"] as const) {
    const decoder = new Decoder({ native, codec: undefined });
    for (const { input } of VECTORS.deserialize) {
      const next = [input, input, `${input}x`, input.slice(0, -1)];
      for (const frame of next) {
        assertEquals(
          plain(decoder.decode(frame)),
          plain(decode(frame, native)),
          frame,
        );
      }
    }
  }
  const decoder = new Decoder({ native: "none", codec: undefined });
  const bodies = [";a;;e;0;0;1", ";a;;e;0;0;2;3", ";a;;e;0;0;", ";a;;e;0;1;4"]
    .map((frame) => decoder.decode(frame)?.body);
  assertEquals(bodies, ["1", "2;3", "", "4"]);
});

Deno.test("encode() writes every text frame as Go does", () => {
  assertEquals(VECTORS.serialize.length, 300);
  for (const { error, noOp, output, ...parts } of VECTORS.serialize) {
    const frame = encode({
      ...parts,
      isNoOp: noOp,
      error: error === null ? undefined : new EventError(error),
    });
    assertEquals(frame, output);
  }
});

Deno.test("decode() reads binary frames as it reads text frames", () => {
  for (const vector of VECTORS.deserialize) {
    const mode = toNativeMode(vector);
    const bytes = new TextEncoder().encode(vector.input);
    const fromText = decode(vector.input, mode);
    const fromBytes = decode(bytes, mode);
    assertEquals(
      fromBytes && {
        ...fromBytes,
        body: fromBytes.text(),
        isBinary: false,
        error: fromBytes.error?.message,
      },
      fromText && { ...fromText, error: fromText.error?.message },
      vector.input,
    );
    if (fromBytes?.error === undefined && fromBytes !== undefined) {
      assertInstanceOf(fromBytes.body, Uint8Array);
    }
  }
});

Deno.test("encode() and decode() keep the bytes of a binary frame", () => {
  const body = new Uint8Array([0, 0x3b, 0xff, 0xfe, 0x80]);
  const frame = encode(
    new Message({ namespace: "a;b", room: "ü", event: "e", body }),
  );
  assertInstanceOf(frame, Uint8Array);
  const message = decode(frame)!;
  assertEquals(
    [message.namespace, message.room, message.event, message.isBinary],
    ["a;b", "ü", "e", true],
  );
  assertEquals(message.body, body);
});

Deno.test("encodeEvent() writes what encode() writes", () => {
  for (const { wait, namespace, room, event, body } of VECTORS.serialize) {
    const frame = encodeEvent(
      wait,
      encodeRoute(namespace, room),
      event,
      body,
    );
    assertEquals(frame, encode({ wait, namespace, room, event, body }));
  }
  assertEquals(
    encodeEvent("$1", encodeRoute("a", ""), "e", new Uint8Array([1])),
    encode({
      wait: "$1",
      namespace: "a",
      room: "",
      event: "e",
      body: new Uint8Array([1]),
      isBinary: true,
    }),
  );
});

Deno.test("encodeEmptyReply() is the empty reply of the protocol", () => {
  assertEquals(encodeEmptyReply("$1"), "$1;;;;;;");
  assertEquals(decode("$1;;;;;;")?.wait, "$1");
});

Deno.test("encode() writes a native message as its bare body", () => {
  const native = { namespace: "", room: "", event: "x", isNative: true };
  assertEquals(encode({ ...native, body: "a;b" }), "a;b");
  assertEquals(encode({ ...native, body: "b", wait: "$1" }), "$1;;;x;0;0;b");
});

Deno.test("encodeOnce() makes the same frame for one receiver and for many", () => {
  for (const body of ["\ufeffx", "é😀", "", new Uint8Array([1, 2])]) {
    for (const isNative of [true, false]) {
      const message = {
        namespace: "a",
        room: "",
        event: "e",
        body,
        isNative,
        isBinary: typeof body !== "string",
      };
      for (const receivers of [1, 15, 16, 1_000]) {
        assertEquals(
          encodeOnce(message, "b", receivers),
          encode({ ...message, room: "b" }),
        );
      }
    }
  }
});

Deno.test("encodeForRoom() writes what encode() does for that room, without the token", () => {
  const parts: Partial<Encodable>[] = [
    {},
    { body: new Uint8Array([1, 2]) },
    { body: new Uint8Array([1, 2]), isBinary: false },
    { body: new Uint8Array([1, 2]), error: new Error("no") },
    { error: new Error("no"), isBinary: true },
    { isNoOp: true },
    { isNative: true },
  ];
  for (const part of parts) {
    const message = {
      namespace: "a",
      room: "",
      event: "e",
      body: "b",
      ...part,
    };
    const wanted = encode({ ...message, room: "c;d" });
    assertEquals(encodeForRoom({ ...message, wait: "1" }, "c;d"), wanted);
  }
});

Deno.test("decode() makes an error of its own class for each text that peers compare", () => {
  const message = decode("$1;a;;_OnNamespaceConnect;1;0;bad namespace");
  assertInstanceOf(message?.error, BadNamespaceError);
});

Deno.test("decode() tells how a frame came, that of an error too", () => {
  for (const frame of ["$1;a;;e;0;0;x", "$1;a;;e;1;0;x", "$1;a;;e;0;0;"]) {
    assertEquals(decode(frame)?.isBinary, false);
    const bytes = new TextEncoder().encode(frame);
    assertEquals(decode(bytes)?.isBinary, true);
  }
});

Deno.test("decode() drops the name of a sender: only servers may give one", () => {
  assertEquals(decode("neffos(0x1);a;;e;0;0;")?.wait, "");
  assertEquals(decode("1!2;a;;e;0;0;")?.wait, "1!2");
});

Deno.test("decode() reads what a WebSocket gives, and refuses what is no frame", () => {
  const { buffer } = new TextEncoder().encode(";chat;;onSay;0;0;hello");
  assertEquals(decode(buffer)?.text(), "hello");
  for (const value of [undefined, null, 5, {}, new Uint16Array(8)]) {
    assertThrows(() => decode(value as never), TypeError, "Cannot decode a");
  }
});

Deno.test("encode() keeps the bytes of a body, whether isBinary is set or not", () => {
  const body = new Uint8Array([0xff, 0]);
  const parts = { namespace: "a", room: "", event: "e", body };
  assertEquals(encode(parts), encode({ ...parts, isBinary: true }));
  assertEquals(typeof encode({ ...parts, isBinary: false }), "string");
});

Deno.test("readOrigin() finds the mark of another server's ask where Go does: in the second byte of more than two", () => {
  const none = { sender: "", isRemoteAsk: false };
  for (const wait of ["", "1", "!", "1!", " !", "✓!", "✓!1", "é!1", "12!"]) {
    assertEquals(readOrigin(wait), { ...none, wait });
  }
  assertEquals(readOrigin("1!2"), {
    sender: "",
    wait: "12",
    isRemoteAsk: true,
  });
  assertEquals(readOrigin("!!!"), {
    sender: "",
    wait: "!!",
    isRemoteAsk: true,
  });
  const sender = "neffos(0x1)";
  assertEquals(readOrigin(sender), { sender, wait: "", isRemoteAsk: false });
});
