import { fileURLToPath } from "node:url";
import { CLIENT_BUNDLE } from "../../../mvc/http/client_bundle.ts";
import { within } from "../journal.ts";
import { type Check, type Peer, run, UnavailableError } from "../peer.ts";
import { installBun, installInto, installNode } from "./programs.ts";
import { Stage } from "./stage.ts";

const PROGRAMS = ["program.mjs", "page.mjs", "scenarios.mjs"];

/** How long all scenarios of a platform may take, in milliseconds. */
const LIMIT = 90_000;

/** Writes the client, as `clientScript()` serves it, and the programs into a new folder. */
async function writeClient(cache: URL): Promise<URL> {
  const folder = new URL("our-client/", cache);
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(new URL("client.mjs", folder), CLIENT_BUNDLE);
  for (const name of PROGRAMS) {
    await Deno.copyFile(new URL(name, import.meta.url), new URL(name, folder));
  }
  return folder;
}

/** Runs the scenarios in a process that is to end by itself. */
async function runProgram(
  program: string,
  files: URL,
  { flags = [], ws }: { flags?: string[]; ws?: string },
): Promise<Check[]> {
  await using stage = new Stage(files);
  const [main, client] = ["program.mjs", "client.mjs"].map((name) =>
    fileURLToPath(new URL(name, files))
  );
  const { success } = await new Deno.Command(program, {
    args: [...flags, main!, client!, stage.origin, ...ws ? [ws] : []],
    stdout: "inherit",
    stderr: "inherit",
    signal: AbortSignal.timeout(LIMIT),
  }).output();
  return [
    ...stage.checks,
    { name: "the program ends by itself", ok: success },
  ];
}

/** Runs the scenarios in a page of a browser without a window. */
async function runPage(browser: string, files: URL): Promise<Check[]> {
  await using stage = new Stage(files);
  const profile = await Deno.makeTempDir();
  const process = new Deno.Command(browser, {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--user-data-dir=${profile}`,
      stage.origin,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await within(stage.done, LIMIT, "The page");
    return stage.checks;
  } catch (error) {
    return [...stage.checks, { name: "the page", ok: false, note: `${error}` }];
  } finally {
    process.kill("SIGTERM");
    await process.status;
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  }
}

/** This module's client in a version of Node, out of a package of npm. */
function inNode(version: number): Peer {
  return {
    name: `our client in Node ${version}`,
    async prepare(cache) {
      const program = await installNode(cache, version);
      // It has a WebSocket since version 22.
      const ws = version < 22
        ? `${await installInto(cache, "ws@8")}ws/wrapper.mjs`
        : undefined;
      const files = await writeClient(cache);
      return () => runProgram(program, files, { ...ws && { ws } });
    },
  };
}

/** This module's client in Bun; the package for a system has the binary. */
const bun: Peer = {
  name: "our client in Bun",
  async prepare(cache) {
    const program = await installBun(cache);
    const files = await writeClient(cache);
    return () => runProgram(program, files, {});
  },
};

/** The names under which Chromium is installed. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];

/** This module's client in a page of Chromium. */
const chromium: Peer = {
  name: "our client in Chromium",
  async prepare(cache) {
    const files = await writeClient(cache);
    for (const browser of BROWSERS) {
      try {
        await run(browser, ["--version"]);
        return () => runPage(browser, files);
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
      }
    }
    throw new UnavailableError(`none of ${BROWSERS.join(", ")} is installed`);
  },
};

/** This module's client on each platform but Deno. */
export const platforms: readonly Peer[] = [
  inNode(20),
  inNode(22),
  inNode(24),
  bun,
  chromium,
];
