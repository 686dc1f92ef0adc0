/**
 * Chooses the registry of the `@std` packages for the tasks of this repository.
 *
 * Prints nothing where JSR, or Deno's cache of it, has every package in use.
 * Elsewhere it lays out the stand-ins in `tools/std/` as a registry in the user's
 * cache folder and prints its URL. Deno reads the URL from the environment, so
 * the import map, the tests and the documentation are the same either way:
 *
 * ```sh
 * JSR_URL=$(deno run -A tools/std.ts) deno test -A
 * ```
 *
 * @module
 */

import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The releases that the stand-ins are modelled on. */
const VERSIONS: Readonly<Record<string, string>> = {
  assert: "1.0.19",
  http: "1.1.3",
  testing: "1.0.20",
};

/** The time limit of JSR in milliseconds, for networks that drop packets silently. */
const PATIENCE = 10_000;

const SOURCES = new URL("std/", import.meta.url);

/** One package of a registry. */
export interface Package {
  /** Its name with its scope, such as `@std/http`. */
  readonly name: string;
  readonly version: string;
  /** Its entry points: the files by what comes after the name, `.` alone. */
  readonly exports: Readonly<Record<string, string>>;
  /** Its files by their paths. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/**
 * Lays the stand-ins out as a JSR registry, once for each state of their sources.
 *
 * The folder is named after a hash of its content and appears in one step, so that runs at the same time, and runs
 * before and after an edit, do not disturb each other. A folder that has lost files is made again.
 *
 * @param cache The folder to make it in.
 * @param others Packages for it beside the stand-ins.
 * @returns The URL of the registry, with a slash at its end.
 */
export async function layOut(
  cache: string,
  others: readonly Package[] = [],
): Promise<URL> {
  const files = await renderRegistry([...await readPackages(), ...others]);
  const index = [...files].map(async ([path, data]) =>
    `${path} ${await sha256(data)}\n`
  );
  const id = await sha256(encode((await Promise.all(index)).join("")));
  const folder = join(cache, id.slice(0, 16));
  if (!await isComplete(folder, files)) {
    const draft = `${folder}.${crypto.randomUUID()}`;
    await writeFiles(draft, files);
    await moveInto(folder, { draft, files });
  }
  return pathToFileURL(`${folder}/`);
}

/** Reads the sources: each folder is a package, each file an entry, except files that begin with `_`. */
async function readPackages(): Promise<Package[]> {
  return await Promise.all(
    Object.entries(VERSIONS).map(async ([short, version]) => {
      const folder = new URL(`${short}/`, SOURCES);
      const names = (await Array.fromAsync(Deno.readDir(folder)))
        .map((entry) => entry.name).filter((name) => name.endsWith(".ts"))
        .sort();
      const files = await Promise.all(
        names.map(async (name) =>
          [name, await Deno.readFile(new URL(name, folder))] as const
        ),
      );
      const exports = Object.fromEntries(
        entriesOf(names).map(({ path, file }) => [path, `./${file}`]),
      );
      return { name: `@std/${short}`, version, exports, files: new Map(files) };
    }),
  );
}

/** Builds the registry's files by the paths that Deno requests. */
async function renderRegistry(
  packages: readonly Package[],
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const out = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, version, exports, files } of packages) {
    const manifest: Record<string, { size: number; checksum: string }> = {};
    for (const [file, data] of files) {
      manifest[`/${file}`] = {
        size: data.length,
        checksum: `sha256-${await sha256(data)}`,
      };
      out.set(`${name}/${version}/${file}`, data);
    }
    out.set(
      `${name}/${version}_meta.json`,
      encode(JSON.stringify({ manifest, exports })),
    );
    const [scope, short] = name.slice(1).split("/");
    out.set(
      `${name}/meta.json`,
      encode(JSON.stringify({
        scope,
        name: short,
        latest: version,
        versions: { [version]: {} },
      })),
    );
  }
  return out;
}

/** Lists the entries of a package by their `@std` names: `signed_cookie.ts` is `./signed-cookie`, `mod.ts` is `.`. */
function entriesOf(files: string[]): { path: string; file: string }[] {
  return files.filter((file) => !file.startsWith("_")).map((file) => ({
    path: file === "mod.ts"
      ? "."
      : `./${file.replace(/\.ts$/, "").replaceAll("_", "-")}`,
    file,
  }));
}

/** Imports every module that has a stand-in, so that an incomplete cache does not count. */
async function importAll(): Promise<void> {
  const packages = await readPackages();
  await Promise.all(packages.flatMap(({ name, exports }) => {
    const needed = "." in exports ? ["."] : Object.keys(exports);
    return needed.map((path) => import(`${name}${path.slice(1)}`));
  }));
}

async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  await Promise.all([...files].map(async ([path, data]) => {
    const target = join(folder, path);
    await Deno.mkdir(join(target, ".."), { recursive: true });
    await Deno.writeFile(target, data);
  }));
}

async function isComplete(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<boolean> {
  const checks = [...files].map(async ([path, data]) => {
    const { size } = await Deno.stat(join(folder, path));
    if (size !== data.length) throw new Error(`${path} was cut off`);
  });
  return await Promise.all(checks).then(() => true, () => false);
}

/** Renames the draft, unless another run was first; removes an incomplete folder of that name. */
async function moveInto(
  folder: string,
  { draft, files }: { draft: string; files: ReadonlyMap<string, Uint8Array> },
): Promise<void> {
  try {
    await Deno.rename(draft, folder);
  } catch {
    if (await isComplete(folder, files)) {
      await Deno.remove(draft, { recursive: true });
      return;
    }
    await Deno.remove(folder, { recursive: true });
    await Deno.rename(draft, folder);
  }
}

/** Returns this user's cache folder: in the shared temporary folder, other users could plant files. */
function cacheFolder(): string {
  const base = Deno.build.os === "windows"
    ? Deno.env.get("LOCALAPPDATA") || join(homedir(), "AppData", "Local")
    : Deno.build.os === "darwin"
    ? join(homedir(), "Library", "Caches")
    : Deno.env.get("XDG_CACHE_HOME") || join(homedir(), ".cache");
  return join(base, "neffos-mvc-std");
}

async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data)).toHex();
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function isFolder(url: string): Promise<boolean> {
  if (!url.startsWith("file:")) return false;
  return await Deno.stat(new URL(url)).then(
    (info) => info.isDirectory,
    () => false,
  );
}

async function main(): Promise<void> {
  const inherited = Deno.env.get("JSR_URL") ?? "";
  // The surrounding task has chosen already, and has printed it.
  if (await isFolder(inherited)) return console.log(inherited);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no answer in ${PATIENCE} ms`)),
    PATIENCE,
  );
  try {
    await Promise.race([importAll(), late.promise]);
    if (inherited !== "") console.log(inherited);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const url = await layOut(cacheFolder())
      .catch(async () => await layOut(await Deno.makeTempDir()));
    console.error(`tools/std.ts: stand-ins are in use for @std (${reason})`);
    console.log(url.href);
  } finally {
    clearTimeout(timer);
  }
}

if (import.meta.main) {
  await main();
  // A pending import would keep the process alive.
  Deno.exit();
}
