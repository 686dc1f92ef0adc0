import { UnavailableError } from "../interop/peer.ts";
import { PEERS } from "./kit.ts";
import { listOurs, type ServerSpec } from "./servers.ts";

const ROOT = new URL("../../", import.meta.url);
/** What the servers need of a tree. */
const SOURCES = ["mod.ts", "neffos", "mvc"];

/** Another commit of this module, with the programs of the servers of this one. */
export class OtherTree implements AsyncDisposable {
  readonly #folder: string;
  readonly #name: string;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /**
   * Copies a commit, or a folder.
   *
   * @param where A name that git knows, or a folder.
   * @throws {UnavailableError} When it is neither.
   */
  static async copy(where: string): Promise<OtherTree> {
    const folder = await Deno.makeTempDir({ prefix: "bench-against-" });
    const tree = new OtherTree(folder, where);
    const isFolder = await Deno.stat(where).then(
      ({ isDirectory }) => isDirectory,
      () => false,
    );
    const read = isFolder
      ? `cd "$2" && tar -c ${SOURCES.join(" ")}`
      : `git -C "$3" archive "$2" ${SOURCES.join(" ")}`;
    const programs = "tools/bench/peers";
    const script = `set -e
      ${read} | tar -x -C "$1"
      test -f "$1/mod.ts"
      mkdir -p "$1/${programs}"
      cp -R "$4"/. "$1/${programs}"`;
    const { success, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", script, "sh", folder, where, ROOT.pathname, PEERS.pathname],
    }).output();
    if (success) return tree;
    await tree[Symbol.asyncDispose]();
    const why = new TextDecoder().decode(stderr).trim();
    throw new UnavailableError(`Cannot compare with "${where}": ${why}`);
  }

  /** Its servers. */
  list(prefix: string): ServerSpec[] {
    const peers = new URL(`file://${this.#folder}/tools/bench/peers/`);
    return listOurs({ prefix, name: this.#name, peers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}
