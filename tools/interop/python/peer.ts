import { fileURLToPath } from "node:url";
import { denoUpgrader } from "../../../neffos/mod.ts";
import { GoServer } from "../go/go_server.ts";
import { buildGo } from "../go/peer.ts";
import { playScenarios, serveScenarios } from "../go/played.ts";
import {
  type Check,
  type Peer,
  readLines,
  run,
  UnavailableError,
} from "../peer.ts";

/** The versions of Python and its package `websockets` that the client needs. */
const PYTHON = [3, 11] as const;
const WEBSOCKETS = "15.0.1";

/** The time limit of all checks of one kind, in milliseconds. */
const TIMEOUT = 300_000;

const CODEC = fromHere("../../../neffos/testdata/codec.json");

/** The client that was written from PROTOCOL.md, with both servers. */
export const pythonClient: Peer = {
  name: "a client in Python, by PROTOCOL.md",
  async prepare(cache) {
    const python = await installPython(cache);
    const go = await buildGo(cache);
    return async () => [
      ...await tryPython(python, "codec", CODEC),
      ...await tryPython(python, "states"),
      ...prefix("our server", await tryOurs(python)),
      ...prefix("Go's server", await tryGo(python, go)),
    ];
  },
};

async function installPython(cache: URL): Promise<string> {
  const version = await run("python3", ["--version"]);
  const [major = 0, minor = 0] = version.match(/\d+/g)?.map(Number) ?? [];
  const [atLeast, atLeastMinor] = PYTHON;
  if (major !== atLeast || minor < atLeastMinor) {
    throw new UnavailableError(
      `Python must be ${PYTHON.join(".")} or later, not "${version.trim()}"`,
    );
  }
  const folder = new URL(`python-${major}.${minor}/`, cache);
  const isWindows = Deno.build.os === "windows";
  const path = isWindows ? "Scripts/python.exe" : "bin/python";
  const python = fileURLToPath(new URL(path, folder));
  await run("python3", ["-m", "venv", fileURLToPath(folder)]);
  await run(python, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    `websockets==${WEBSOCKETS}`,
  ]);
  return python;
}

async function tryOurs(python: string): Promise<Check[]> {
  const played = playScenarios(denoUpgrader());
  const listener = serveScenarios(played);
  const { port } = listener.addr;
  try {
    return await tryPython(python, "server", `ws://127.0.0.1:${port}`);
  } finally {
    await Promise.all([...played.values()].map(({ server }) => server.close()));
    await listener.shutdown();
  }
}

async function tryGo(python: string, go: string): Promise<Check[]> {
  await using server = await GoServer.start(go);
  return await tryPython(python, "server", `ws://127.0.0.1:${server.port}`);
}

async function tryPython(
  python: string,
  kind: "codec" | "states" | "server",
  ...places: string[]
): Promise<Check[]> {
  // -B: no bytecode beside the sources.
  const args = ["-B", fromHere("checks.py"), kind, ...places];
  const { lines, success } = await readLines<Check>(python, args, {
    timeout: TIMEOUT,
  });
  return [...lines, { name: `the program ends well (${kind})`, ok: success }];
}

function prefix(server: string, checks: readonly Check[]): Check[] {
  return checks.map((check) => ({
    ...check,
    name: `${server}: ${check.name}`,
  }));
}

function fromHere(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
