/**
 * Runs the scenarios in Node or Bun: `program.mjs <client> <origin> [<ws>]`,
 * with the module of the package `ws` where the platform has no WebSocket.
 */

import { pathToFileURL } from "node:url";
import { tryAll } from "./scenarios.mjs";

const [clientFile, origin, wsFile] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(file).href);
const neffos = await load(clientFile);
let options = {};
if (wsFile !== undefined) {
  const name = "say what to give where there is no WebSocket";
  const error = await neffos.dial("ws://127.0.0.1:1", {}).catch((error) =>
    error
  );
  const ok = error instanceof TypeError && error.message.includes("`ws`");
  await fetch(`${origin}/report`, {
    method: "POST",
    body: JSON.stringify({ name, ok, note: ok ? undefined : `${error}` }),
  });
  options = { WebSocket: (await load(wsFile)).WebSocket };
}
await tryAll(origin, neffos, options);
