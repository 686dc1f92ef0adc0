import { collectMiddleware, type Route } from "./_route_table.ts";

/**
 * Writes routes as a table for people: method, path, handler, and what runs
 * before it.
 *
 * @returns Lines of text, without a line feed at the end.
 */
export function explainRoutes(routes: readonly Route[]): string {
  const rows = routes.map((route) => [
    route.method,
    route.path,
    nameOf(route.handler),
    explainMiddleware(route),
  ]);
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  return rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")
      .trimEnd()
  ).join("\n");
}

function explainMiddleware({ group, middleware }: Route): string {
  const names = [...collectMiddleware(group), ...middleware].map(nameOf);
  return names.length === 0 ? "" : `after ${names.join(", ")}`;
}

/** Functions that were written where they were handed over have no name. */
function nameOf({ name }: { readonly name: string }): string {
  return name || "(anonymous)";
}
