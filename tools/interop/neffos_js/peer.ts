import { fileURLToPath } from "node:url";
import { ChatServer } from "../chat_server.ts";
import { DemoServer } from "./demo_server.ts";
import {
  type Check,
  install,
  type Peer,
  readLines,
  run,
  UnavailableError,
} from "../peer.ts";

const VERSION = "0.1.34";

/** The time limit of all checks of the client, in milliseconds. */
const TIMEOUT = 300_000;

async function useChat(folder: string): Promise<Check[]> {
  await using server = await ChatServer.start();
  await using demo = new DemoServer();
  const client = fileURLToPath(new URL("client.mjs", import.meta.url));
  const args = [client, folder, server.endpoint, demo.endpoint];
  const { lines, success } = await readLines<Check>("node", args, {
    timeout: TIMEOUT,
  });
  return [...lines, { name: "the program ends well", ok: success }];
}

/** The Go project's client for browsers and Node. */
export const neffosJS: Peer = {
  name: `neffos.js ${VERSION}`,
  async prepare(cache) {
    const version = (await run("node", ["--version"])).trim();
    const [, major = "0"] = /^v(\d+)\./.exec(version) ?? [];
    if (Number(major) < 20) {
      throw new UnavailableError(
        `Node must be 20 or later, not "${version.split("\n")[0]}"`,
      );
    }
    const folder = fileURLToPath(new URL(`neffos.js-${VERSION}/`, cache));
    await install(folder, `neffos.js@${VERSION}`, "ws@8");
    return () => useChat(folder);
  },
};
