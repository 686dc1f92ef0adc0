/**
 * The graph of registrations as a text for people.
 *
 * @module
 */

import { isOptional, nameOf, tokenOf } from "./_container_tokens.ts";
import type { Dependency, ServiceToken } from "./_container_types.ts";
import { type Root, type View, viewWithin } from "./_graph.ts";

/**
 * Draws what a root depends on, as a tree. Draws what cannot be built, too.
 *
 * @returns Lines of text, without a line feed at the end.
 */
export function drawGraph(view: View, root: Root): string {
  const drawing = new Drawing();
  if (root.name === undefined) {
    for (const dep of root.deps) drawing.add(dep, view, "", "");
  } else {
    drawing.lines.push(root.name);
    drawing.addAll(root.deps, view, "");
  }
  return drawing.lines.join("\n");
}

class Drawing {
  readonly lines: string[] = [];
  readonly #path: { token: ServiceToken; view: View }[] = [];
  readonly #drawn = new Map<View, Set<ServiceToken>>();

  addAll(deps: readonly Dependency[], view: View, indent: string): void {
    const last = deps.length - 1;
    deps.forEach((dep, i) => {
      const [branch, below] = i < last ? ["├── ", "│   "] : ["└── ", "    "];
      this.add(dep, view, indent + branch, indent + below);
    });
  }

  add(dep: Dependency, from: View, branch: string, indent: string): void {
    const token = tokenOf(dep);
    const found = from.find(token);
    const notes: string[] = isOptional(dep) ? ["optional"] : [];
    notes.push(found?.registration.kind ?? "not registered");
    const deps = found?.registration.deps ?? [];
    const view = found === undefined ? from : viewWithin(found, from);
    const drawn = this.#drawn.get(view) ?? new Set();
    const isCycle = this.#path.some((step) =>
      step.token === token && step.view === view
    );
    const isRepeated = drawn.has(token) && deps.length > 0;
    if (isCycle) notes.push("cycle");
    else if (isRepeated) notes.push("see above");
    this.lines.push(`${branch}${nameOf(token)} (${notes.join(", ")})`);
    if (isCycle || isRepeated) return;
    this.#drawn.set(view, drawn.add(token));
    this.#path.push({ token, view });
    this.addAll(deps, view, indent);
    this.#path.pop();
  }
}
