import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./peer.ts";

/** Lowers what the oldest version of Node cannot read. */
const ESBUILD = "npm:esbuild@0.25";

/**
 * Makes one file of a program and all that it imports, for Node and Bun.
 *
 * @param entry The program.
 * @param folder The folder that the file is written to.
 * @returns The file.
 * @throws {UnavailableError} When it cannot be made.
 */
export async function bundle(entry: URL, folder: URL): Promise<string> {
  const name = basename(entry.pathname, ".ts");
  const [raw, file] = [`${name}.raw.mjs`, `${name}.mjs`].map((name) =>
    fileURLToPath(new URL(name, folder))
  ) as [string, string];
  const deno = Deno.execPath();
  const source = fileURLToPath(entry);
  await run(deno, ["bundle", "--quiet", `--output=${raw}`, source]);
  const target = ["--target=node20", "--format=esm", `--outfile=${file}`];
  await run(deno, ["run", "-A", ESBUILD, raw, "--log-level=error", ...target]);
  return file;
}
