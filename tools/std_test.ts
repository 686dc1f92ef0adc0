import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { layOut } from "./std.ts";

const ROOT = new URL("../", import.meta.url);

/** A temporary folder that is removed at the end of its block. */
async function makeFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** A registry over HTTP with the stand-ins that pass the filter. */
function serveRegistry(
  folder: URL,
  filter: (path: string) => boolean,
): { url: string } & AsyncDisposable {
  const server = Deno.serve({ port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (!filter(pathname)) return new Response(null, { status: 404 });
    const text = await Deno.readTextFile(new URL(`.${pathname}`, folder));
    const type = pathname.endsWith(".json") ? "json" : "typescript";
    return new Response(text, {
      headers: { "content-type": `application/${type}` },
    });
  });
  return {
    url: `http://localhost:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Runs the tool with empty caches in the folder. */
async function run(
  folder: string,
  jsrUrl: string,
): Promise<{ out: string; notice: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-qA", "tools/std.ts"],
    cwd: ROOT,
    env: {
      JSR_URL: jsrUrl,
      DENO_DIR: `${folder}/deno`,
      HOME: folder,
      LOCALAPPDATA: folder,
      XDG_CACHE_HOME: folder,
    },
  }).output();
  const [out, notice] = [stdout, stderr].map((data) =>
    new TextDecoder().decode(data).trim()
  );
  assertEquals(code, 0, notice);
  return { out: out ?? "", notice: notice ?? "" };
}

Deno.test("layOut() lists each file with its size and checksum, each entry with its file", async () => {
  await using cache = await makeFolder();
  const registry = await layOut(cache.path);
  for (const name of ["assert", "http", "testing"]) {
    const folder = new URL(`@std/${name}/`, registry);
    const read = (path: string) => Deno.readFile(new URL(path, folder));
    const parse = async (path: string) =>
      JSON.parse(new TextDecoder().decode(await read(path)));
    const { latest, versions } = await parse("meta.json");
    assertEquals(Object.keys(versions), [latest]);
    assertMatch(latest, /^1\.\d+\.\d+$/);
    const { manifest, exports } = await parse(`${latest}_meta.json`);
    for (const [path, entry] of Object.entries(manifest)) {
      const data = await read(latest + path);
      const digest = await crypto.subtle.digest("SHA-256", data);
      assertEquals(entry, {
        size: data.length,
        checksum: `sha256-${new Uint8Array(digest).toHex()}`,
      });
    }
    for (const file of Object.values<string>(exports)) {
      assert(file.slice(1) in manifest, file);
    }
  }
});

Deno.test("layOut() names its entries as @std names them", async () => {
  await using cache = await makeFolder();
  const registry = await layOut(cache.path);
  const folder = new URL("@std/http/", registry);
  const meta = await Deno.readTextFile(new URL("meta.json", folder));
  const { latest } = JSON.parse(meta);
  const path = new URL(`${latest}_meta.json`, folder);
  assertEquals(JSON.parse(await Deno.readTextFile(path)).exports, {
    "./cookie": "./cookie.ts",
    "./negotiation": "./negotiation.ts",
    "./server-sent-event-stream": "./server_sent_event_stream.ts",
    "./unstable-signed-cookie": "./unstable_signed_cookie.ts",
  });
});

Deno.test("layOut() gives concurrent runs one folder and leaves no other", async () => {
  await using cache = await makeFolder();
  const urls = await Promise.all(
    Array.from({ length: 8 }, () => layOut(cache.path)),
  );
  assertEquals(new Set(urls.map(String)).size, 1);
  const entries = await Array.fromAsync(Deno.readDir(cache.path));
  assertEquals(entries.length, 1);
});

Deno.test("layOut() makes a folder again that has lost a file", async () => {
  await using cache = await makeFolder();
  const registry = await layOut(cache.path);
  const meta = new URL("@std/assert/meta.json", registry);
  await Deno.remove(meta);
  assertEquals(await layOut(cache.path), registry);
  assert((await Deno.stat(meta)).isFile);
});

Deno.test("std.ts prints a registry of stand-ins where JSR does not answer, and warns once", async () => {
  await using cache = await makeFolder();
  const { out, notice } = await run(cache.path, "http://localhost:1/");
  assertMatch(out, /^file:\/\/\/.*\/$/);
  assert((await Deno.stat(new URL("@std/assert/meta.json", out))).isFile);
  assertMatch(notice, /^tools\/std\.ts: stand-ins are in use for @std .*$/);

  const again = await run(cache.path, out);
  assertEquals(again, { out, notice: "" });
});

Deno.test("std.ts does not accept a folder that is gone", async () => {
  await using cache = await makeFolder();
  const gone = new URL("gone/", await layOut(cache.path)).href;
  const { out, notice } = await run(cache.path, gone);
  assertNotEquals(out, gone);
  assertStringIncludes(notice, "stand-ins are in use");
});

Deno.test("std.ts prints the given registry if it answers", async () => {
  await using cache = await makeFolder();
  const folder = await layOut(cache.path);
  await using registry = serveRegistry(folder, () => true);
  const result = await run(cache.path, registry.url);
  assertEquals(result, { out: registry.url, notice: "" });
});

Deno.test("std.ts does not accept a registry with only some of the packages", async () => {
  await using cache = await makeFolder();
  const folder = await layOut(cache.path);
  await using registry = serveRegistry(
    folder,
    (path) => !path.startsWith("/@std/testing/"),
  );
  const { out, notice } = await run(cache.path, registry.url);
  assertMatch(out, /^file:\/\/\/.*\/$/);
  assertStringIncludes(notice, "@std/testing");
});
