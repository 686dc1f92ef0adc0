/**
 * Checks what the package page shows: a doc comment, a category and an example
 * for each export, a default for each option, a unit for each time and size.
 *
 * ```sh
 * deno run -A tools/ok/docs.ts
 * ```
 *
 * It prints the number of exports in each category, and the faults.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };

/**
 * The categories, by what a reader looks for. The last one is for types that the compiler alone needs: nobody has to
 * read them, and they need no example.
 */
export const CATEGORIES: readonly string[] = [
  "Application",
  "Controllers",
  "Events",
  "Services",
  "Server",
  "Client",
  "Connections",
  "Messages",
  "Errors",
  "Routing",
  "HTTP",
  "Limits",
  "Observability",
  "Exchanges",
  "Transports",
  "Protocol",
  "Testing",
  "Command line",
  "Type utilities",
];

const UTILITIES = "Type utilities";

/** The interfaces whose optional properties are settings. */
const OPTIONS = /(Options|Limits?|Hooks|Init|Timeouts)$/;

/** The names of numbers that are times or sizes. Whatever else has a unit says so too, but no name tells. */
const UNITS: readonly [name: RegExp, unit: RegExp][] = [
  [/time|delay|interval|keepalive|maxage|^per$/i, /seconds/],
  [/payload|maxBuffered$|maxBody/i, /bytes/],
];

/** A comment, as `deno doc --json` has it. */
export interface DocComment {
  readonly doc?: string;
  readonly tags?: readonly {
    readonly kind: string;
    readonly doc?: string;
    readonly value?: string;
  }[];
}

/** A property of an interface. */
export interface DocProperty {
  readonly name: string;
  readonly jsDoc?: DocComment;
  readonly optional?: boolean;
  readonly tsType?: { readonly repr: string };
}

/** One declaration of a symbol. */
export interface Declaration {
  readonly kind: string;
  readonly location: { readonly filename: string; readonly line: number };
  readonly jsDoc?: DocComment;
  readonly def?: {
    readonly properties?: readonly DocProperty[];
    readonly target?: { readonly filename: string; readonly line: number };
  };
}

/** One entry point: its comment and what it exports. */
export interface EntryDoc {
  readonly path: string;
  readonly module?: DocComment;
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly Declaration[];
  }[];
}

/**
 * Reads the documentation of entry points.
 *
 * @param entries Their paths, relative to the repository.
 * @returns Their comments and exports.
 */
export async function readDocs(
  entries: readonly string[],
): Promise<EntryDoc[]> {
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...entries],
    cwd,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Record<
      string,
      { module_doc?: DocComment; symbols: EntryDoc["symbols"] }
    >;
  };
  return Object.entries(nodes).map(([url, { module_doc, symbols }]) => ({
    path: new URL(url).pathname,
    ...(module_doc && { module: module_doc }),
    symbols,
  }));
}

/**
 * Finds what the documentation of some entry points lacks.
 *
 * @param docs The entry points.
 * @returns A sentence for each fault, in the order of the entry points.
 */
export function findDocFaults(docs: readonly EntryDoc[]): string[] {
  const faults: string[] = [];
  const places = new Map<string, string>();
  for (const { path, module, symbols } of docs) {
    if (!module?.doc?.includes("```ts")) {
      faults.push(`${path}: its @module comment has no program`);
    }
    for (const { name, declarations } of symbols) {
      const [first] = declarations;
      if (first === undefined) continue;
      const { filename, line } = first.def?.target ?? first.location;
      const place = `${filename}:${line}`;
      const known = places.get(name) ?? place;
      if (known !== place) {
        faults.push(`${name}: one name for ${known} and ${place}`);
      }
      places.set(name, known);
      if (first.kind === "reference") continue;
      faults.push(
        ...findSymbolFaults(name, declarations).map((fault) =>
          `${name}: ${fault}`
        ),
      );
    }
  }
  return faults;
}

/** Finds what one symbol lacks. Of overloads, the first one is what people read. */
function* findSymbolFaults(
  name: string,
  declarations: readonly Declaration[],
): Generator<string> {
  const { kind, jsDoc, def } = declarations[0]!;
  if (!jsDoc?.doc?.trim()) yield "no doc comment";
  const category = readCategory(jsDoc);
  if (category === undefined) yield "no @category";
  else if (!CATEGORIES.includes(category)) {
    yield `"${category}" is no category of tools/ok/docs.ts`;
  }
  const isCalled = kind === "class" || kind === "function";
  const hasExample = jsDoc?.tags?.some((tag) => tag.kind === "example");
  if (isCalled && category !== UTILITIES && !hasExample) yield "no @example";
  for (const property of def?.properties ?? []) {
    for (const fault of findPropertyFaults(property, OPTIONS.test(name))) {
      yield `${property.name} has ${fault}`;
    }
  }
}

function* findPropertyFaults(
  { name, jsDoc, optional, tsType }: DocProperty,
  isOption: boolean,
): Generator<string> {
  const tags = jsDoc?.tags ?? [];
  for (const tag of tags) {
    // `@default` without braces is one: the page would not show it.
    if (tag.kind === "unsupported") yield `an unreadable tag: ${tag.value}`;
  }
  if (isOption && optional && !tags.some((tag) => tag.kind === "default")) {
    yield "no @default {…}";
  }
  if (tsType?.repr !== "number") return;
  for (const [names, unit] of UNITS) {
    if (names.test(name) && !unit.test(readFirstSentence(jsDoc))) {
      yield `no unit (${unit.source}) in its first sentence`;
    }
  }
}

/** Reads up to the first full stop that ends a sentence. */
function readFirstSentence(jsDoc: DocComment | undefined): string {
  const text = jsDoc?.doc?.replaceAll(/\s+/g, " ") ?? "";
  return text.split(/(?<=\.) /)[0]!;
}

function readCategory(jsDoc: DocComment | undefined): string | undefined {
  return jsDoc?.tags?.find((tag) => tag.kind === "category")?.doc?.trim();
}

/**
 * Counts the exports of some entry points by their categories.
 *
 * @param docs The entry points.
 * @returns The numbers, in the order of {@linkcode CATEGORIES}.
 */
export function countCategories(
  docs: readonly EntryDoc[],
): Record<string, number> {
  const counts = Object.fromEntries(CATEGORIES.map((name) => [name, 0]));
  for (const { declarations } of docs.flatMap(({ symbols }) => symbols)) {
    const category = readCategory(declarations[0]?.jsDoc);
    if (category !== undefined) counts[category] = (counts[category] ?? 0) + 1;
  }
  return counts;
}

/** The files of the entry points, as `exports` in deno.json has them. */
export const ENTRIES: readonly string[] = Object.values(config.exports);

if (import.meta.main) {
  const docs = await readDocs(ENTRIES);
  console.table(countCategories(docs));
  const faults = findDocFaults(docs);
  for (const fault of faults) console.error(fault);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
