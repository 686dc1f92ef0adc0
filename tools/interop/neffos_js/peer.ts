import { fileURLToPath } from "node:url";
import { type Peer, run, UnavailableError } from "../peer.ts";

const VERSION = "0.1.34";
const NPM = Deno.build.os === "windows" ? "npm.cmd" : "npm";

/** The client for browsers and Node that the Go project publishes. */
export const neffosJS: Peer = {
  name: `neffos.js ${VERSION}`,
  async prepare(cache) {
    const version = (await run("node", "--version")).trim();
    const [, major = "0"] = /^v(\d+)\./.exec(version) ?? [];
    if (Number(major) < 20) {
      throw new UnavailableError(
        `Node must be 20 or later, not "${version.split("\n")[0]}"`,
      );
    }
    const folder = fileURLToPath(new URL(`neffos.js-${VERSION}/`, cache));
    await Deno.mkdir(folder, { recursive: true });
    await run(
      NPM,
      "install",
      `--prefix=${folder}`,
      "--prefer-offline",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      `neffos.js@${VERSION}`,
      "ws@8",
    );
    const client = new URL("client.mjs", import.meta.url);
    return ["node", fileURLToPath(client), folder];
  },
};
