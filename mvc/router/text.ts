/**
 * Routes as text.
 *
 * @module
 */

import { collectMiddleware, type Route } from "./route_table.ts";

/** Draws routes as a table. */
export function explainRoutes(routes: readonly Route[]): string {
  const rows = routes.map((route) => {
    const names = listMiddleware(route);
    return [
      route.method,
      route.path,
      readName(route.handler),
      names.length === 0 ? "" : `after ${names.join(", ")}`,
    ];
  });
  return writeTable(rows).join("\n");
}

/** Lists the names of all middleware of a route, that of the router first. */
export function listMiddleware({ group, middleware }: Route): string[] {
  return [...collectMiddleware(group), ...middleware].map(readName);
}

/** Reads the name of a function; one written as an argument has none. */
export function readName({ name }: { readonly name: string }): string {
  return name || "(anonymous)";
}

/**
 * Aligns the cells of rows. A column that is empty in every row is left out, and
 * the last one may be of any width.
 */
export function writeTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) =>
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    );
  }
  return rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!))
      .filter((_, column) => widths[column]! > 0)
      .join("  ").trimEnd()
  );
}
