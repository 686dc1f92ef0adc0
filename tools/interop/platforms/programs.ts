import { fileURLToPath } from "node:url";
import { install, run } from "../peer.ts";

/**
 * Installs a package of npm into a folder of its own.
 *
 * @param cache A folder that is kept from run to run.
 * @param what Its name, with a version.
 * @returns The folder `node_modules`.
 */
export async function installInto(cache: URL, what: string): Promise<string> {
  const folder = fileURLToPath(new URL(`${what.replaceAll("/", "-")}/`, cache));
  await install(folder, what);
  return `${folder}node_modules/`;
}

/** The system as the packages with binaries name it. */
function nameSystem(): string {
  const { os, arch } = Deno.build;
  const system = os === "windows" ? "win" : os;
  return `${system}-${arch === "x86_64" ? "x64" : "arm64"}`;
}

/**
 * Installs a version of Node; the package for a system has the binary.
 *
 * @param cache A folder that is kept from run to run.
 * @param version The major version.
 * @returns Its binary.
 */
export async function installNode(
  cache: URL,
  version: number,
): Promise<string> {
  const name = `node-${nameSystem()}`;
  const modules = await installInto(cache, `${name}@${version}`);
  const bin = Deno.build.os === "windows" ? "node.exe" : "node";
  const program = `${modules}${name}/bin/${bin}`;
  await run(program, ["--version"]);
  return program;
}

/**
 * Installs Bun.
 *
 * @param cache A folder that is kept from run to run.
 * @returns Its binary.
 */
export async function installBun(cache: URL): Promise<string> {
  const name = `@oven/bun-${nameSystem().replace("arm", "aarch")}`;
  const modules = await installInto(cache, `${name}@1`);
  const program = `${modules}${name}/bin/bun`;
  await run(program, ["--version"]);
  return program;
}
