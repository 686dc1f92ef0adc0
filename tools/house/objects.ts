/** What one connection holds, by snapshots of the heap. */

import { Session } from "node:inspector/promises";
import { openWorld } from "./world.ts";

/** Connections between one snapshot and the next. */
const MORE = 100;

/** What V8 writes, as far as it is read here. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: Readonly<{
      "node_fields": readonly string[];
      "node_types": readonly [readonly string[]];
    }>;
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

type Counts = ReadonlyMap<string, number>;

/** Counts the objects on the heap by the names of their classes. */
async function takeCounts(names: ReadonlySet<string>): Promise<Counts> {
  const session = new Session();
  session.connect();
  const chunks: string[] = [];
  session.on("HeapProfiler.addHeapSnapshotChunk", ({ params }) => {
    chunks.push(params.chunk);
  });
  await session.post("HeapProfiler.takeHeapSnapshot");
  session.disconnect();
  const { snapshot, nodes, strings } = JSON.parse(chunks.join("")) as Snapshot;
  const { node_fields: fields, node_types: [types] } = snapshot.meta;
  const counts = new Map<string, number>();
  for (let i = 0; i < nodes.length; i += fields.length) {
    const type = types[nodes[i + fields.indexOf("type")]!];
    const name = strings[nodes[i + fields.indexOf("name")]!]!;
    if (type !== "object" || !names.has(name)) continue;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Says what each further connection has added. */
function describe(before: Counts, after: Counts): string {
  const added = [...after].map(([name, count]) => ({
    name,
    each: Math.round((count - (before.get(name) ?? 0)) / MORE),
  })).filter(({ each }) => each >= 1);
  const texts = added.map(({ name, each }) =>
    each === 1 ? name : `${each} ${name}`
  );
  const total = added.reduce((sum, { each }) => sum + each, 0);
  return `${total}: ${texts.toSorted().join(", ")}`;
}

/**
 * Counts the objects of a checkout's own classes that one connection holds on the server.
 *
 * @param root The checkout.
 * @param files Its source files.
 */
export async function countObjects(
  root: string,
  files: readonly string[],
): Promise<[string, string][]> {
  const source = files.map((file) => Deno.readTextFileSync(`${root}/${file}`));
  const names = new Set(
    [...source.join("\n").matchAll(/^[^/*\n]*\bclass (\w+)/gm)]
      .map(([, name]) => name!),
  );
  await using world = await openWorld(root);
  await (await world.dial()).connect("desk");
  const one = await takeCounts(names);
  const peers = [];
  for (let i = 0; i < MORE; i++) peers.push(await world.dial());
  const idle = await takeCounts(names);
  for (const peer of peers) await peer.connect("desk");
  const connected = await takeCounts(names);
  return [
    ["objects for an idle connection", describe(one, idle)],
    ["more, once it is in a namespace", describe(idle, connected)],
  ];
}
