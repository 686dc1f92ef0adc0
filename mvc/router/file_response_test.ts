import { assert, assertEquals, assertRejects } from "@std/assert";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { respondFile } from "./file_response.ts";
import { findMediaType } from "./media_types.ts";

/** A folder with a file, and how it is answered. */
class Folder implements AsyncDisposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static async create(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir());
  }

  async write(name: string, text: string): Promise<string> {
    const path = join(this.#path, name);
    await Deno.writeTextFile(path, text);
    return path;
  }

  async ask(path: string, headers: HeadersInit = {}): Promise<Response> {
    return await respondFile(new Headers(headers), path, await stat(path));
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.#path, { recursive: true });
  }
}

Deno.test("respondFile() answers 304 to a client that has the file already", async () => {
  await using folder = await Folder.create();
  const path = await folder.write("a.txt", "0123456789");
  const first = await folder.ask(path);
  await first.body!.cancel();
  const etag = first.headers.get("etag")!;
  const modified = first.headers.get("last-modified")!;
  const ask = async (headers: Record<string, string>) => {
    const { status, body } = await folder.ask(path, headers);
    await body?.cancel();
    return status;
  };
  assertEquals(await ask({ "if-none-match": etag }), 304);
  assertEquals(await ask({ "if-none-match": etag.slice(2) }), 304);
  assertEquals(await ask({ "if-none-match": `"x", ${etag}` }), 304);
  assertEquals(await ask({ "if-none-match": "*" }), 304);
  assertEquals(await ask({ "if-none-match": '"x"' }), 200);
  assertEquals(await ask({ "if-modified-since": modified }), 304);
  const long = new Date(0).toUTCString();
  assertEquals(await ask({ "if-modified-since": long }), 200);
  const both = { "if-none-match": '"x"', "if-modified-since": modified };
  assertEquals(await ask(both), 200);
  await folder.write("a.txt", "01234567890");
  assertEquals(await ask({ "if-none-match": etag }), 200);
});

Deno.test("respondFile() answers a range with a part", async () => {
  await using folder = await Folder.create();
  const path = await folder.write("a.txt", "0123456789");
  const ask = async (range: string, from = path) => {
    const response = await folder.ask(from, { range });
    const { status, headers } = response;
    const text = await response.text();
    // A body that is not of this length would end the connection.
    const length = headers.get("content-length") ?? `${text.length}`;
    assertEquals(length, `${text.length}`);
    return [status, text, headers.get("content-range")];
  };
  assertEquals(await ask("bytes=2-4"), [206, "234", "bytes 2-4/10"]);
  assertEquals(await ask("bytes=7-"), [206, "789", "bytes 7-9/10"]);
  assertEquals(await ask("bytes=-2"), [206, "89", "bytes 8-9/10"]);
  assertEquals(await ask("bytes=8-99"), [206, "89", "bytes 8-9/10"]);
  assertEquals(await ask("bytes=-99"), [206, "0123456789", "bytes 0-9/10"]);
  for (const range of ["bytes=10-", "bytes=4-2", "bytes=-0"]) {
    assertEquals(await ask(range), [416, "", "bytes */10"]);
  }
  assertEquals(await ask("lines=1-2"), [200, "0123456789", null]);
  assertEquals(await ask("bytes=1-2, 4-5"), [200, "0123456789", null]);
  const empty = await folder.write("empty.txt", "");
  assertEquals(await ask("bytes=0-1", empty), [200, "", null]);
});

Deno.test("respondFile() never throws at a client's input", async () => {
  await using folder = await Folder.create();
  const path = await folder.write("a.txt", "0123456789");
  const nines = "9".repeat(400);
  const headers = {
    "range": [
      "",
      "bytes=",
      "bytes=-",
      "bytes=--1",
      `bytes=${nines}-`,
      `bytes=-${nines}`,
      `bytes=0-${nines}`,
      "bytes=0x1-2",
      "bytes=1e3-",
      "%",
    ],
    "if-none-match": ["", ",", '"', "W/", "%", "\xe9"],
    "if-modified-since": ["", "never", "0", nines, "-1", "\xe9"],
    "if-range": ["", "never", nines, "\xe9"],
  };
  for (const [name, values] of Object.entries(headers)) {
    for (const value of values) {
      const given = { range: "bytes=0-0", [name]: value };
      const response = await folder.ask(path, given);
      await response.text();
      assert([200, 206, 416].includes(response.status), `${name}: ${value}`);
    }
  }
});

Deno.test("respondFile() sends a large file in chunks, and closes it where nobody reads on", async () => {
  await using folder = await Folder.create();
  const text = "0123456789".repeat(100_000);
  const path = await folder.write("large.txt", text);
  const response = await folder.ask(path);
  assertEquals(await response.text(), text);
  // The sanitizers of the test find a file that stays open.
  const unread = await folder.ask(path);
  await unread.body!.cancel();
  const left = (await folder.ask(path)).body!.getReader();
  await left.read();
  await left.cancel();
});

Deno.test("respondFile() fails where a file becomes shorter than it has said", async () => {
  await using folder = await Folder.create();
  const path = await folder.write("a.txt", "0123456789".repeat(100_000));
  const reader = (await folder.ask(path)).body!.getReader();
  await reader.read();
  await folder.write("a.txt", "");
  await assertRejects(() => reader.read(), Error, "become shorter");
});

Deno.test("findMediaType() knows what the web is made of, in any case", () => {
  const types = {
    ".html": "text/html; charset=UTF-8",
    ".JS": "text/javascript; charset=UTF-8",
    ".json": "application/json; charset=UTF-8",
    ".webmanifest": "application/manifest+json; charset=UTF-8",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".wasm": "application/wasm",
    ".xyz": undefined,
    "": undefined,
  };
  for (const [extension, type] of Object.entries(types)) {
    assertEquals(findMediaType(extension), type, extension);
  }
});
