/** The source files of a checkout, what they import, and the circles in that. */

import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Something that leads to something else: one file imports another, by their paths in the checkout. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** One file that imports another. */
export interface Import extends Edge {
  /** Whether nothing of it is left at run time. */
  readonly isType: boolean;
}

/** Some nodes of which each leads to each other. */
export interface Circle {
  readonly members: readonly string[];
  /** A shortest way round: begins and ends at the same node. */
  readonly way: readonly string[];
}

/** What `deno info --json` says, as far as it is read here. */
interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

/** Finds the TypeScript files in a folder of a checkout, tests, benches and what only they use left out. */
export async function findFiles(root: string, path: string): Promise<string[]> {
  if (/\.ts$|\/(harness|testdata)$/.test(path)) {
    return /(?<!_test|_bench)\.ts$/.test(path) ? [path] : [];
  }
  const inner = await Array.fromAsync(
    Deno.readDir(`${root}/${path}`),
    ({ name, isDirectory }) =>
      isDirectory || name.endsWith(".ts")
        ? findFiles(root, `${path}/${name}`)
        : [],
  );
  return inner.flat().toSorted();
}

/** Reads what some files of a checkout import of its other files. */
export async function readImports(
  root: string,
  files: readonly string[],
): Promise<Import[]> {
  const lines = files.map((file) =>
    `import ${JSON.stringify(pathToFileURL(`${root}/${file}`).href)};`
  );
  const program = encodeURIComponent(lines.join(""));
  // Packages need not be there: nothing is asked of them.
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-remote", `data:text/typescript,${program}`],
    cwd: root,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as Info;
  const toPath = (url: string) =>
    url.startsWith("file:")
      ? relative(root, fileURLToPath(url)).replaceAll("\\", "/")
      : url;
  return modules.flatMap(({ specifier, dependencies = [] }) =>
    dependencies.map(({ code, type }) => ({
      from: toPath(specifier),
      to: toPath((code ?? type)?.specifier ?? ""),
      isType: code === undefined,
    }))
  ).filter(({ from, to }) => files.includes(from) && to.endsWith(".ts"));
}

/** Follows edges from one node: every node that it leads to, with the one before it on a shortest way. */
export function reach(
  edges: readonly Edge[],
  start: string,
): Map<string, string> {
  const next = Map.groupBy(edges, ({ from }) => from);
  const before = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const { to } of next.get(node) ?? []) {
      if (before.has(to)) continue;
      before.set(to, node);
      queue.push(to);
    }
  }
  return before;
}

/**
 * Finds the circles of a graph: each node is in one of them at most.
 *
 * @param edges The graph.
 * @param allowed Nodes that may lead to each other, as long as no other one is in the circle.
 */
export function findCircles(
  edges: readonly Edge[],
  allowed: readonly string[] = [],
): Circle[] {
  const nodes = [...new Set(edges.map(({ from }) => from))].toSorted();
  const reached = new Map(nodes.map((node) => [node, reach(edges, node)]));
  const seen = new Set<string>();
  return nodes.flatMap((node) => {
    if (seen.has(node) || !reached.get(node)!.has(node)) return [];
    const members = [...reached.get(node)!.keys()]
      .filter((other) => reached.get(other)?.has(node)).toSorted();
    for (const member of members) seen.add(member);
    const starts = members.filter((member) => !allowed.includes(member));
    if (starts.length === 0) return [];
    const ways = starts.map((start) => {
      const way = [start];
      do {
        way.unshift(reached.get(start)!.get(way[0]!)!);
      } while (way[0] !== start);
      return way;
    });
    const way = ways.reduce((a, b) => b.length < a.length ? b : a);
    return { members, way };
  });
}

/** Finds the circles between folders two levels deep; a file that stands higher is a unit of its own. */
export function findFolderCircles(imports: readonly Import[]): Circle[] {
  const toUnit = (path: string) => path.split("/").slice(0, 2).join("/");
  const edges = imports
    .map(({ from, to }) => ({ from: toUnit(from), to: toUnit(to) }))
    .filter(({ from, to }) => from !== to);
  return findCircles(edges)
    .filter(({ way }) => way.some((unit) => !unit.endsWith(".ts")));
}
