/**
 * Checks that imports run downwards only, and never in a circle.
 *
 * ```sh
 * deno run -A tools/ok/imports.ts
 * ```
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import {
  findCircles,
  findFiles,
  findFolderCircles,
  type Import,
  readImports,
} from "../house/imports.ts";

/**
 * What stands in each house, from the ground up. Each imports what is below it; those that share a layer do not know
 * each other.
 */
const LAYERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  neffos: [
    ["protocol", "util"],
    ["transport"],
    ["api"],
    ["controller"],
    ["connection"],
    ["tracing"],
    ["exchange"],
    ["server", "client"],
    ["client.ts", "internal.ts"],
    ["mod.ts"],
  ],
  mvc: [
    ["http", "container"],
    ["router"],
    ["client_script.ts", "websocket.ts", "metrics.ts", "node.ts"],
    ["dashboard"],
    ["controller"],
    ["explain"],
    ["application.ts"],
    ["mod.ts", "testing", "cli"],
  ],
};

/** What does not go into a browser. */
const APART: Readonly<Record<string, readonly string[]>> = {
  "client": ["exchange", "tracing"],
  "client.ts": ["exchange", "server", "tracing"],
};

/** The only files of neffos that mvc may import. */
const DOORS = ["neffos/mod.ts", "neffos/client.ts", "neffos/internal.ts"];

/** What programs hold: each hands the others out, so their types may know each other. */
const HANDLES = [
  "conn.ts",
  "ns_conn.ts",
  "presence.ts",
  "room.ts",
  "server_api.ts",
]
  .map((name) => `neffos/api/${name}`);

/**
 * Finds what is wrong with the imports of some files.
 *
 * @returns One line for each fault, with the import or the circle that it is about.
 */
export function findFaults(imports: readonly Import[]): string[] {
  const faults = imports.flatMap(({ from, to }) => {
    const reason = findReason(from, to);
    return reason === undefined ? [] : `${from} imports ${to}: ${reason}`;
  });
  const values = imports.filter(({ isType }) => !isType);
  const inHouses = imports.filter(({ from }) => from.split("/")[0]! in LAYERS);
  const circles = [...findCircles(values), ...findCircles(inHouses, HANDLES)]
    .map(({ members, way }) =>
      `circle: ${way.join(" -> ")}` +
      (members.length < way.length ? "" : `, among ${members.length} files`)
    );
  faults.push(...new Set(circles));
  for (const { way } of findFolderCircles(imports)) {
    const ties = way.slice(1).map((unit, i) => {
      const { from, to } = imports.find(({ from, to }) =>
        isIn(way[i]!, from) && isIn(unit, to)
      )!;
      return `${from} imports ${to}`;
    });
    faults.push(`circle: ${way.join(" -> ")}: ${ties.join(", ")}`);
  }
  return faults;
}

function isIn(unit: string, path: string): boolean {
  return path === unit || path.startsWith(`${unit}/`);
}

/** Says why one file may not import another, if it may not. */
function findReason(from: string, to: string): string | undefined {
  const [house, place] = from.split("/") as [string, string];
  const [otherHouse, otherPlace] = to.split("/") as [string, string];
  const layers = LAYERS[house];
  if (layers === undefined || DOORS.includes(to) && house === "mvc") return;
  if (house === "mvc" && otherHouse === "neffos") {
    const [first, ...others] = DOORS.toReversed();
    return `mvc may import ${
      others.toReversed().join(", ")
    } and ${first} alone`;
  }
  if (house !== otherHouse) return `${house} may not import ${otherHouse}`;
  if (place === otherPlace) return;
  const layer = layers.findIndex((layer) => layer.includes(place));
  if (layer === -1) return `${place} has no layer in tools/ok/imports.ts`;
  const below = layers.slice(0, layer).flat();
  if (below.includes(otherPlace) && !APART[place]?.includes(otherPlace)) return;
  return `${place} may not import ${otherPlace}`;
}

if (import.meta.main) {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const files = await Promise.all(
    ["mod.ts", "neffos", "mvc", "examples", "tools"]
      .map((path) => findFiles(root, path)),
  );
  const faults = findFaults(await readImports(root, files.flat()));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) Deno.exit(1);
}
