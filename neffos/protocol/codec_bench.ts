/** The codec beside JSON, which carries the same fields: `deno task bench:parts`. */

import { decode, Decoder, encode, encodeEvent, encodeRoute } from "./codec.ts";
import { Message } from "./message.ts";

/** V8 concatenates strings when somebody reads them: as a socket does. */
function flatten(text: string): number {
  return text.charCodeAt(text.length - 1);
}

/** What is kept cannot be left out by the compiler. */
export let kept: unknown;

const BODIES = {
  "16 B": "x".repeat(16),
  "1 KiB": "x".repeat(1024),
};

for (const [size, body] of Object.entries(BODIES)) {
  const fields = {
    wait: "",
    namespace: "chat",
    room: "tea",
    event: "onSay",
    isError: false,
    isNoOp: false,
    body,
  };
  const message = new Message(fields);
  const frame = encode(message) as string;
  const json = JSON.stringify(fields);
  const bytes = new TextEncoder().encode(frame);
  const decoder = new Decoder({ native: "none", codec: undefined });
  const route = encodeRoute("chat", "tea");

  const decoding = `decode ${size}`;
  Deno.bench("JSON.parse()", { group: decoding, baseline: true }, () => {
    kept = JSON.parse(json);
  });
  Deno.bench("decode() of text", { group: decoding }, () => {
    kept = decode(frame);
  });
  Deno.bench("decode() of bytes", { group: decoding }, () => {
    kept = decode(bytes);
  });
  Deno.bench(
    "Decoder.decode(), as a connection does",
    { group: decoding },
    () => {
      kept = decoder.decode(frame);
    },
  );

  const encoding = `encode ${size}`;
  Deno.bench("JSON.stringify()", { group: encoding, baseline: true }, () => {
    kept = flatten(JSON.stringify(fields));
  });
  Deno.bench("encode()", { group: encoding }, () => {
    kept = flatten(encode(message) as string);
  });
  Deno.bench("encodeEvent(), as an emit does", { group: encoding }, () => {
    kept = flatten(encodeEvent("", route, "onSay", body) as string);
  });
}
