/** Runs the scenarios in a browser. */

import { tryAll } from "./scenarios.mjs";

try {
  // It is made of TypeScript, and beside this file only then.
  const neffos = await import(new URL("client.mjs", import.meta.url).href);
  await tryAll(location.origin, neffos, {});
} finally {
  await fetch("/done", { method: "POST" });
}
