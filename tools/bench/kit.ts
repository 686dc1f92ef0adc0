import { fileURLToPath } from "node:url";
import { cacheFolder } from "../interop/cache.ts";
import { install, run, UnavailableError } from "../interop/peer.ts";
import { installBun } from "../interop/platforms/programs.ts";

/** The programs of the servers. */
export const PEERS = new URL("peers/", import.meta.url);

const ESBUILD = "npm:esbuild@0.25.12";

/** The packages whose versions are told; the others belong to them. */
const NAMED = ["ws", "hono", "socket.io", "@nestjs/core"];

/** The versions of what servers run on, by name. */
export type Versions = Readonly<Record<string, string>>;

/**
 * Prepares what servers run on, each thing once, and only where it is asked for.
 * Each method throws an `UnavailableError` where this machine lacks something.
 */
export class Kit implements AsyncDisposable {
  readonly #cache = new URL("bench/", cacheFolder());
  readonly #made = new Map<string, Promise<string>>();
  readonly #folders: string[] = [];
  readonly #versions: Record<string, string> = { Deno: Deno.version.deno };

  /** The versions of what was used. */
  get versions(): Versions {
    return this.#versions;
  }

  /** Returns a folder that has the packages of npm, with the programs that use them. */
  packages(): Promise<string> {
    return this.#once("packages", async () => {
      const folder = fileURLToPath(new URL("peers/", this.#cache));
      await Deno.mkdir(folder, { recursive: true });
      for await (const { name } of Deno.readDir(PEERS)) {
        if (!/\.(mjs|json)$/.test(name)) continue;
        await Deno.copyFile(new URL(name, PEERS), folder + name);
      }
      await install(folder);
      const { dependencies } = JSON.parse(
        await Deno.readTextFile(`${folder}package.json`),
      );
      for (const name of NAMED) this.#versions[name] = dependencies[name];
      return folder;
    });
  }

  /** Returns the program of Node. */
  node(): Promise<string> {
    return this.#once("node", () => this.#find("Node", "node"));
  }

  /** Returns the program of Bun: that of the machine, else that of npm. */
  bun(): Promise<string> {
    return this.#once("bun", async () => {
      try {
        return await this.#find("Bun", "bun");
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        return await this.#find("Bun", await installBun(cacheFolder()));
      }
    });
  }

  /** Builds the servers in Go; returns the program. */
  go(): Promise<string> {
    return this.#once("go", async () => {
      const program = fileURLToPath(new URL("go/neffos", this.#cache));
      const cwd = new URL("go/", PEERS);
      const version = await run("go", ["version"]);
      await run("go", ["build", "-o", program, "."], { cwd });
      this.#versions["Go"] = version.split(" ")[2]!.replace("go", "");
      return program;
    });
  }

  /** Bundles the servers of this module, for Node and Bun. */
  bundle(peers: URL): Promise<string> {
    return this.#once(`bundle of ${peers}`, async () => {
      const folder = await Deno.makeTempDir({ prefix: "bench-" });
      this.#folders.push(folder);
      await run(Deno.execPath(), [
        "run",
        "-A",
        "--no-config",
        ESBUILD,
        fileURLToPath(new URL("ours.ts", peers)),
        "--bundle",
        "--platform=node",
        "--format=esm",
        "--target=node20",
        "--log-level=error",
        // What cookies and files need stays in files of its own, which nobody loads.
        "--splitting",
        "--external:@std/*",
        `--outdir=${folder}`,
        "--out-extension:.js=.mjs",
      ]);
      return `${folder}/ours.mjs`;
    });
  }

  #once(what: string, make: () => Promise<string>): Promise<string> {
    const made = this.#made.get(what) ?? make();
    this.#made.set(what, made);
    return made;
  }

  /** Removes what was made for this run alone. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of this.#folders) {
      await Deno.remove(folder, { recursive: true });
    }
  }

  async #find(name: string, program: string): Promise<string> {
    const text = await run(program, ["--version"]);
    const version = /^v?(\d+\.\d+\.\d+)$/.exec(text.trim())?.[1];
    if (version === undefined) {
      // Without Node, Deno runs itself by that name.
      throw new UnavailableError(`${name} is not installed`);
    }
    this.#versions[name] = version;
    return program;
  }
}
