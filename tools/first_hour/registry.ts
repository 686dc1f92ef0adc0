import config from "../../deno.json" with { type: "json" };
import { layOut } from "../std.ts";

const ROOT = new URL("../../", import.meta.url);

/** The texts of `neffos init`: imports in them are none of the file. */
const TEMPLATE = new URL("mvc/cli/init/template.ts", ROOT).href;

/**
 * Lays out a registry that has this module as it would be published, and the
 * stand-ins for `@std`: with its URL as `JSR_URL`, `deno add jsr:@neffos/mvc`
 * works without JSR, and before the module is on it.
 *
 * @param cache The folder to make it in.
 * @returns The URL of the registry, with a slash at its end.
 */
export async function layOutPackage(cache: string): Promise<URL> {
  const { name, version, exports } = config;
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const file of await listPublished(await layOut(cache))) {
    files.set(file.href.slice(ROOT.href.length), await readPublished(file));
  }
  return await layOut(cache, [{ name, version, exports, files }]);
}

/** Lists the files that `deno publish` would publish. */
async function listPublished(registry: URL): Promise<URL[]> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "publish",
      "--dry-run",
      "--allow-dirty",
      "--no-check",
      "--allow-slow-types",
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1", JSR_URL: registry.href },
  }).output();
  const text = [stdout, stderr].map((data) => new TextDecoder().decode(data))
    .join("");
  if (!success) throw new Error(`Cannot list what is published: ${text}`);
  return Array.from(
    text.matchAll(/^ +(file:\S+) \(/gm),
    ([, file]) => new URL(file!),
  );
}

/** Reads a file as JSR serves it: names of the import map become specifiers. */
async function readPublished(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (!file.pathname.endsWith(".ts") || file.href === TEMPLATE) {
    return await Deno.readFile(file);
  }
  let text = await Deno.readTextFile(file);
  for (const [name, specifier] of Object.entries(config.imports)) {
    text = text.replaceAll(`"${name}"`, `"${specifier}"`)
      .replaceAll(`"${name}/`, `"${specifier}/`);
  }
  return new TextEncoder().encode(text);
}
