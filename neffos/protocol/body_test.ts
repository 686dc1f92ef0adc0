import { assertEquals, assertThrows } from "@std/assert";
import { type Body, encodeBody, encodeJSON } from "./body.ts";
import { Message } from "./message.ts";

/** A class whose instances go as JSON of their fields. */
class Point {
  x = 1;
  #y = 2;
  method = () => this.#y;
  *[Symbol.iterator]() {
    yield this.x;
  }
}

class Hidden {
  #secret = 1;
  read() {
    return this.#secret;
  }
}

class TaggedMap extends Map {
  note = "a field";
}

class CodedError extends Error {
  code = 5;
}

/** What JSON cannot carry, and the type that an error names. */
const FAULTS: readonly [string, () => unknown][] = [
  ["Promise", () => Promise.resolve(1)],
  ["Promise", () => ({ then: (resolve: () => void) => resolve() })],
  ["Promise", () => Object.assign(Promise.resolve(1), { id: 1 })],
  ["Map", () => new Map([["a", 1]])],
  ["Map", () => new TaggedMap()],
  ["Set", () => new Set([1])],
  ["WeakMap", () => new WeakMap()],
  ["WeakSet", () => new WeakSet()],
  ["WeakRef", () => new WeakRef({})],
  ["Blob", () => new Blob(["x"])],
  ["File", () => new File(["x"], "name")],
  ["FormData", () => new FormData()],
  ["URLSearchParams", () => new URLSearchParams("a=1")],
  ["Headers", () => new Headers({ a: "b" })],
  ["Request", () => new Request("http://a.test")],
  ["Response", () => new Response("x")],
  ["ReadableStream", () => new ReadableStream()],
  ["WritableStream", () => new WritableStream()],
  ["TransformStream", () => new TransformStream()],
  ["CompressionStream", () => new CompressionStream("gzip")],
  ["AbortSignal", () => new AbortController().signal],
  ["Error", () => new Error("failed")],
  ["TypeError", () => new TypeError("failed")],
  ["CodedError", () => new CodedError("failed")],
  ["DOMException", () => new DOMException("failed")],
  ["AggregateError", () => new AggregateError([])],
  ["RegExp", () => /x/],
  ["SharedArrayBuffer", () => new SharedArrayBuffer(1)],
  ["Generator", () => (function* () {})()],
  ["AsyncGenerator", () => (async function* () {})()],
  ["Array Iterator", () => [1].values()],
  ["Map Iterator", () => new Map().entries()],
  ["object", () => ({ async *[Symbol.asyncIterator]() {} })],
  ["object", () => ({ *[Symbol.iterator]() {} })],
  ["Stream", () =>
    new class Stream {
      async *[Symbol.asyncIterator]() {}
    }()],
  ["Cursor", () =>
    new class Cursor {
      next() {}
    }()],
  ["function", () => () => 1],
  ["function", () => async () => {}],
  ["function", () => class {}],
  ["symbol", () => Symbol("s")],
];

/** The kinds that no field makes a body; of others the fields are sent. */
const OPAQUE = new Set([
  "Promise",
  "Map",
  "Set",
  "WeakMap",
  "WeakSet",
  "Blob",
  "File",
  "FormData",
  "URLSearchParams",
  "Headers",
  "Request",
  "Response",
  "ReadableStream",
  "RegExp",
  "SharedArrayBuffer",
]);

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

Deno.test("A body that JSON cannot carry is a TypeError that names it", () => {
  for (const [type, make] of FAULTS) {
    const text = `Cannot send a body of type "${type}": `;
    assertThrows(() => encodeBody(make()), TypeError, text);
    // A field of its own does not make it a body.
    const value = make();
    const isBuiltIn = typeof value === "object" && tagOf(value) !== "Object";
    if (OPAQUE.has(type) || isBuiltIn && value instanceof Error) {
      const extended = Object.assign(value as object, { field: 1 });
      assertThrows(() => encodeBody(extended), TypeError, text);
    }
    const init = { event: "e", body: make() as Body };
    assertThrows(() => new Message(init), TypeError, text);
  }
  const { promise } = Promise.withResolvers();
  assertThrows(() => encodeBody(promise), TypeError, "await it first");
  assertThrows(() => encodeBody(1n), TypeError, "BigInt");
});

Deno.test("What JSON cannot carry is found anywhere in a body, with its place", () => {
  const bytes: (() => unknown)[] = [
    () => new ArrayBuffer(1),
    () => new Uint8Array(1),
    () => new DataView(new ArrayBuffer(1)),
  ];
  const makers = [...FAULTS.map(([, make]) => make), ...bytes];
  for (const make of makers) {
    for (
      const [place, wrap] of [
        ["users", (users: unknown) => ({ id: 1, users })],
        ["[1]", (value: unknown) => [0, value]],
        ["a[0].b", (b: unknown) => ({ a: [{ b }] })],
        [
          "a.b",
          (b: unknown) => Object.assign(Object.create(null), { a: { b } }),
        ],
        ["toJSON.map", (map: unknown) => ({ toJSON: { map } })],
      ] as const
    ) {
      assertThrows(
        () => encodeBody(wrap(make())),
        TypeError,
        `Cannot send a body whose "${place}" is of type "`,
      );
    }
    const value = make();
    // The methods of an object of a class are no faults.
    if (typeof value !== "object") continue;
    const holder = Object.assign(new Point(), { inner: { value } });
    assertThrows(() => encodeBody(holder), TypeError, '"inner.value"');
    const toJSON = () => ({ value });
    assertThrows(() => encodeBody({ toJSON }), TypeError, '"value"');
    assertThrows(() =>
      encodeBody([
        new class {
          toJSON = toJSON;
        }(),
      ]), TypeError);
  }
  assertThrows(() => encodeBody({ a: { b: 1n } }), TypeError, "BigInt");
  const circle: unknown[] = [];
  circle.push({ circle });
  assertThrows(() => encodeBody(circle), TypeError, "circular");
});

Deno.test("Bodies of JSON values go as JSON.stringify writes them", () => {
  const shared = { n: 1 };
  for (
    const value of [
      null,
      0,
      NaN,
      -0,
      false,
      [],
      {},
      [[], {}],
      { a: undefined, b: null, c: [undefined, null] },
      { then: "later", next: 1, toJSON: false, bind: true },
      { if: {}, then: { const: 1 } },
      [shared, shared],
      new Date(0),
      { at: new Date(NaN) },
      new URL("http://a.test"),
      new Point(),
      [new Hidden()],
      Object.create(null),
      Object.create({ inherited: () => 1 }),
      new String("boxed"),
      [new Number(1), new Boolean(false)],
      { toJSON: () => "text" },
      { toJSON: (key: string) => ({ key }) },
      class {
        static toJSON() {
          return 1;
        }
      }.toJSON(),
      new class extends Array {}(),
      Object.assign([1], { extra: () => 1 }),
      new class {
        get [Symbol.toStringTag]() {
          return "User";
        }
        name = "bob";
      }(),
    ]
  ) {
    assertEquals(encodeBody(value), JSON.stringify(value));
  }
  const buffer = { type: "Buffer", data: [1] };
  const withBuffer = {
    bytes: Object.assign(new Uint8Array(1), { toJSON: () => buffer }),
  };
  assertEquals(encodeBody(withBuffer), JSON.stringify({ bytes: buffer }));
  const own = new RangeError("of the program");
  const failing = {
    toJSON() {
      throw own;
    },
  };
  assertEquals(assertThrows(() => encodeJSON(failing)), own);
});

Deno.test("A bigint goes as its toJSON says, if the program has given it one", () => {
  const prototype = BigInt.prototype as { toJSON?: () => string };
  prototype.toJSON = function () {
    return String(this);
  };
  try {
    assertEquals(encodeBody({ n: [1n] }), '{"n":["1"]}');
  } finally {
    delete prototype.toJSON;
  }
});

Deno.test("Bytes of every kind go as they are, and none that are gone", () => {
  const { buffer } = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
  const eight = new Uint8Array(buffer);
  assertEquals(encodeBody(buffer), eight);
  for (
    const view of [
      eight.subarray(3, 5),
      new DataView(buffer, 3, 2),
      new Uint8ClampedArray(buffer, 3, 2),
      new Int8Array(buffer, 3, 2),
      new class extends Uint8Array {}(buffer, 3, 2),
    ]
  ) {
    const bytes = encodeBody(view) as Uint8Array;
    assertEquals([...bytes], [4, 5]);
  }
  assertEquals(encodeBody(new Float64Array(buffer)), eight);
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  const copy = encodeBody(shared) as Uint8Array;
  shared[0] = 1;
  assertEquals(copy, new Uint8Array(2));
  structuredClone(buffer, { transfer: [buffer] });
  for (const body of [buffer, eight]) {
    assertThrows(() => encodeBody(body), TypeError, "detached");
  }
});

Deno.test("A text with a lone surrogate is a TypeError, and one in JSON is kept", () => {
  for (const text of ["\ud800", "a\udc00b", "😀\ud83d", "中\udfff"]) {
    assertThrows(() => encodeBody(text), TypeError, "lone surrogate");
    assertEquals(JSON.parse(encodeBody({ text }) as string), { text });
  }
  for (const text of ["", "a", "é", "😀", "\ufffd\0"]) {
    assertEquals(encodeBody(text), text);
  }
});

Deno.test("Message.bytes() fits every typed array, wherever a frame has the bytes", () => {
  const numbers = new Float64Array([0.5, -1]);
  const raw = new Uint8Array(numbers.buffer);
  for (let offset = 0; offset < 9; offset++) {
    const frame = new Uint8Array(offset + raw.length + 1);
    frame.set(raw, offset);
    const body = frame.subarray(offset, offset + raw.length);
    const message = new Message({ event: "e", body });
    assertEquals(message.body, raw);
    const bytes = message.bytes();
    assertEquals(new Float64Array(bytes.buffer), numbers);
    assertEquals(bytes.byteOffset, 0);
    bytes[0] = 255;
    assertEquals(new Message({ event: "e", body }).bytes(), raw);
  }
  const whole = new Message({ event: "e", body: raw });
  assertEquals(whole.bytes() === whole.body, true);
});
