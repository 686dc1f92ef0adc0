/** Something with a path pattern. */
interface WithPath {
  readonly path: string;
}

/**
 * Compares routes of one controller: where two match a path, the one that says
 * more about it comes first. `/users/:id` comes before `/:kind/:id`, and
 * `/:id(\\d+)` before `/:name`, in whatever order their methods are written.
 */
export function compareRoutes(a: WithPath, b: WithPath): number {
  const left = a.path.split("/");
  const right = b.path.split("/");
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = vaguenessOf(left[i]!) - vaguenessOf(right[i]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

function vaguenessOf(segment: string): number {
  if (!/[:*(){}?\\]/.test(segment)) return 0;
  if (segment.endsWith("*")) return 4;
  if (/[+?}]$/.test(segment)) return 3;
  return segment.includes("(") ? 1 : 2;
}
