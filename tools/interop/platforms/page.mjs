/** Runs the scenarios in a browser. */

import { tryAll } from "./scenarios.mjs";

try {
  // The stage serves it, as a program does.
  const neffos = await import(new URL("/neffos.js", location.origin).href);
  await tryAll(location.origin, neffos, {});
} finally {
  await fetch("/done", { method: "POST" });
}
