/** Runs the scenarios in a browser. */

import * as neffos from "/client.mjs";
import { tryAll } from "/scenarios.mjs";

try {
  await tryAll(location.origin, neffos, {});
} finally {
  await fetch("/done", { method: "POST" });
}
