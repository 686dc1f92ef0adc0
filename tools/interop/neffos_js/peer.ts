import { fileURLToPath } from "node:url";
import { ChatServer } from "../chat_server.ts";
import { deno } from "../../transports/transports.ts";
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
  await using demo = await DemoServer.start(() => deno.make({}));
  return await tryChat(folder, server.endpoint, demo.endpoint);
}

/**
 * Uses the chat and the demo with neffos.js.
 *
 * @param folder The folder with its package.
 * @param endpoint The URL of the chat.
 * @param demo The URL of the demo.
 * @returns The results.
 */
export async function tryChat(
  folder: string,
  endpoint: string,
  demo: string,
): Promise<Check[]> {
  const client = fileURLToPath(new URL("client.mjs", import.meta.url));
  const args = [client, folder, endpoint, demo];
  const { lines, success } = await readLines<Check>("node", args, {
    timeout: TIMEOUT,
  });
  return [...lines, { name: "the program ends well", ok: success }];
}

/** The Go project's client for browsers and Node. */
export const neffosJS: Peer = {
  name: `neffos.js ${VERSION}`,
  async prepare(cache) {
    const folder = await installNeffosJS(cache);
    return () => useChat(folder);
  },
};

/**
 * Installs the client.
 *
 * @param cache A folder that is kept from run to run.
 * @returns The folder with its package.
 * @throws {UnavailableError} When Node is missing or older than version 20.
 */
export async function installNeffosJS(cache: URL): Promise<string> {
  const version = (await run("node", ["--version"])).trim();
  const [, major = "0"] = /^v(\d+)\./.exec(version) ?? [];
  if (Number(major) < 20) {
    throw new UnavailableError(
      `Node must be 20 or later, not "${version.split("\n")[0]}"`,
    );
  }
  const folder = fileURLToPath(new URL(`neffos.js-${VERSION}/`, cache));
  await install(folder, `neffos.js@${VERSION}`, "ws@8");
  return folder;
}
