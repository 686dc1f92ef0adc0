/**
 * Writes an explanation as text.
 *
 * @module
 */

import { writeTable } from "../router/text.ts";
import type {
  ControllerExplanation,
  EventExplanation,
  ExplanationParts,
  NamespaceExplanation,
  RouteExplanation,
} from "./parts.ts";
import { describeSchema } from "./schema.ts";

/** Writes an explanation: a section for each part that is not empty. */
export function writeExplanation(
  { namespaces, routes, controllers, services }: ExplanationParts,
): string {
  const sections: [title: string, lines: string[]][] = [
    ["Namespaces", namespaces.flatMap(writeNamespace)],
    ["Routes", writeTable(routes.map(toRouteCells))],
    ["Controllers", writeTable(controllers.map(toControllerCells))],
    [
      "Services",
      writeTable(services.map(({ name, kind, neededBy }) => [
        name,
        kind,
        join("for", neededBy),
      ])),
    ],
  ];
  return sections.filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [title, ...lines.map(indent)].join("\n"))
    .join("\n\n");
}

function writeNamespace(
  { name, endpoints, controllers, events, emits }: NamespaceExplanation,
): string[] {
  const title = [
    name || "(empty)",
    join("at", endpoints),
    join("by", controllers),
  ];
  const sent = emits.map(({ name, schema }) => [
    name,
    "sent to clients",
    describeSchema(schema),
  ]);
  return [
    title.filter(Boolean).join("  "),
    ...writeTable([...events.map(toEventCells), ...sent]).map(indent),
  ];
}

function toEventCells(
  { name, schema, answer, middleware }: EventExplanation,
): string[] {
  const types = [
    ...(schema ? [describeSchema(schema)] : []),
    ...(answer ? [`answers ${describeSchema(answer)}`] : []),
  ];
  return [name, join("after", middleware), types.join(", ")];
}

function toRouteCells(
  { method, path, name, params, body, query, middleware }: RouteExplanation,
): string[] {
  const takes = [
    ...params.map(({ name, type, isOptional, pattern }) =>
      `${name}${isOptional ? "?" : ""}: ${type}${
        pattern ? ` (${pattern})` : ""
      }`
    ),
    ...(body ? [`body: ${describeSchema(body)}`] : []),
    ...(query ? [`query: ${describeSchema(query)}`] : []),
  ];
  return [
    method,
    path,
    name ?? "(anonymous)",
    join("after", middleware),
    takes.join(", "),
  ];
}

function toControllerCells(
  { name, life, deps }: ControllerExplanation,
): string[] {
  const lives = life === "shared" ? "one for all" : `one for each ${life}`;
  return [name, lives, join("with", deps)];
}

function join(word: string, names: readonly string[]): string {
  return names.length === 0 ? "" : `${word} ${names.join(", ")}`;
}

function indent(line: string): string {
  return `  ${line}`;
}
