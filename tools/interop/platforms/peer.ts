import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { ChatServer } from "../chat_server.ts";
import { type Check, install, type Peer, readLines, run } from "../peer.ts";

const SOURCES = new URL("../../../neffos/", import.meta.url);
const PROGRAM = fileURLToPath(new URL("program.mjs", import.meta.url));

/** Writes the client as JavaScript, and returns its entry. */
async function writeClient(folder: URL): Promise<string> {
  const done = new Set<string>();
  const write = async (source: URL): Promise<void> => {
    if (done.has(source.href)) return;
    done.add(source.href);
    const script = stripTypeScriptTypes(await Deno.readTextFile(source));
    const path = source.href.slice(SOURCES.href.length);
    const target = new URL(path.replace(/ts$/, "mjs"), folder);
    await Deno.mkdir(new URL("./", target), { recursive: true });
    await Deno.writeTextFile(
      target,
      script.replaceAll(/( from "\.[\w./]+)\.ts"/g, '$1.mjs"'),
    );
    for (const [, imported] of script.matchAll(/ from "(\.[\w./]+\.ts)"/g)) {
      await write(new URL(imported!, source));
    }
  };
  await write(new URL("client.ts", SOURCES));
  return fileURLToPath(new URL("client.mjs", folder));
}

async function tryOn(
  program: string,
  args: string[],
): Promise<Check[]> {
  await using server = await ChatServer.start();
  const [client, ...rest] = args as [string, ...string[]];
  const { lines, success } = await readLines<Check>(
    program,
    [PROGRAM, client, server.endpoint, ...rest],
    { timeout: 60_000 },
  );
  return [...lines, { name: "the program ends by itself", ok: success }];
}

async function installInto(cache: URL, what: string): Promise<string> {
  const folder = fileURLToPath(new URL(`${what.replaceAll("/", "-")}/`, cache));
  await install(folder, what);
  return `${folder}node_modules/`;
}

/** This module's client in Node, which has a WebSocket since version 22. */
export const node: Peer = {
  name: "our client in Node",
  async prepare(cache) {
    await run("node", ["--version"]);
    const modules = await installInto(cache, "ws@8");
    const client = await writeClient(new URL("our-client/", cache));
    return () => tryOn("node", [client, `${modules}ws/wrapper.mjs`]);
  },
};

/** This module's client in Bun; the package for Linux contains the binary. */
export const bun: Peer = {
  name: "our client in Bun",
  async prepare(cache) {
    const system = `${Deno.build.os}-${
      Deno.build.arch === "x86_64" ? "x64" : Deno.build.arch
    }`;
    const name = `@oven/bun-${system}`;
    const modules = await installInto(cache, `${name}@1`);
    const program = `${modules}${name}/bin/bun`;
    await run(program, ["--version"]);
    const client = await writeClient(new URL("our-client/", cache));
    return () => tryOn(program, [client]);
  },
};
