/**
 * Checks the links of the documentation: the Markdown files, and the doc
 * comments of the module.
 *
 * The package page shows README.md. Where a GitHub repository is linked to the
 * package, JSR takes a relative link to be one to a file of that repository;
 * else it takes it to be one to a file of the package, at
 * `/@neffos/mvc/VERSION/FILE` (`get_url_rewriter` in `api/src/docs.rs` of
 * https://github.com/jsr-io/jsr). So a relative link works on GitHub and on the
 * package page in either case if it names a file that is published, and does not
 * begin with a slash. Doc comments are shown on other pages, where a relative
 * link counts from the root of the package: they have none.
 *
 * @module
 */

import { matchesGlob, posix } from "node:path";
import config from "../../deno.json" with { type: "json" };

/** A file: its path, relative to the repository, and its text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/**
 * Tells whether `deno publish` takes a file, by the patterns in deno.json.
 *
 * @param path The path, relative to the repository.
 * @returns Whether it is published.
 */
export function isPublished(path: string): boolean {
  const { include, exclude } = config.publish;
  const isIn = (patterns: readonly string[]) =>
    patterns.some((pattern) => matchesGlob(path, pattern));
  return isIn(include) && !isIn(exclude);
}

/**
 * Finds the links that lead nowhere.
 *
 * @param pages The files whose links are checked: Markdown, and modules, of
 * which the doc comments are read.
 * @param files The paths of all files of the repository.
 * @returns A sentence for each fault.
 */
export function findLinkFaults(
  pages: readonly Page[],
  files: readonly string[],
): string[] {
  const targets: Targets = {
    files: new Set(files),
    folders: new Set(files.flatMap(listFolders)),
    anchors: new Map(
      pages.filter(isMarkdown).map(({ path, text }) =>
        [path, readAnchors(text)] as const
      ),
    ),
  };
  return pages.flatMap((page) => {
    const text = isMarkdown(page) ? page.text : readComments(page.text);
    return readLinks(text).flatMap((link) => {
      const fault = findFault(page, { link, targets });
      return fault === undefined ? [] : [`${page.path}: ${link} ${fault}`];
    });
  });
}

/** What a link may lead to. */
interface Targets {
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
  readonly anchors: ReadonlyMap<string, ReadonlySet<string>>;
}

function findFault(
  page: Page,
  { link, targets }: { link: string; targets: Targets },
): string | undefined {
  if (/^[a-z][a-z\d+.-]*:/i.test(link)) {
    if (!URL.canParse(link)) return "is no URL";
    return /^http:(?!\/\/localhost\b)/.test(link)
      ? "should begin with https:"
      : undefined;
  }
  if (!isMarkdown(page)) return "is relative, in a doc comment";
  if (link.startsWith("/")) return "begins with a slash";
  const [file = "", anchor] = link.split("#");
  const path = file === ""
    ? page.path
    : posix.normalize(`${posix.dirname(page.path)}/${file}`).replace(/\/$/, "");
  const isFile = targets.files.has(path);
  if (!isFile && !targets.folders.has(path)) return "is not there";
  if (isPublished(page.path) && !(isFile && isPublished(path))) {
    return "is not published, and this page is";
  }
  if (anchor === undefined) return undefined;
  return targets.anchors.get(path)?.has(anchor)
    ? undefined
    : `has no heading for "#${anchor}"`;
}

function isMarkdown({ path }: Page): boolean {
  return path.endsWith(".md");
}

/** Lists the folders that a file is in: of `a/b/c.ts`, `a` and `a/b`. */
function listFolders(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}

/** Returns the doc comments of a module, without their stars. */
function readComments(text: string): string {
  const comments = text.match(/^ *\/\*\*.*?\*\//gms) ?? [];
  return comments.join("\n").replaceAll(/^ *\/?\*+\/? ?/gm, "");
}

/** Leaves out blocks of code and, unless it is asked to keep it, code in a line. */
function dropCode(text: string, { keepSpans = false } = {}): string {
  const blocks = /^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1`*$/gms;
  const rest = text.replaceAll(blocks, "");
  return keepSpans ? rest : rest.replaceAll(/(`+)(?!`).+?(?<!`)\1(?!`)/gs, "");
}

/** Reads the targets of links: `[text](target)`, `[text]: target` and `<a href="target">`. */
function readLinks(text: string): string[] {
  const prose = dropCode(text);
  const patterns = [
    /\]\(\s*<?([^)\s>]+)/g,
    /^ {0,3}\[[^\]]+\]:\s*(\S+)/gm,
    /<(?:a|img)\s[^>]*(?:href|src)="([^"]*)"/g,
    /<(https?:[^>\s]+)>/g,
  ];
  return patterns.flatMap((pattern) =>
    [...prose.matchAll(pattern)].map(([, target]) => target!)
  );
}

/** Reads the anchors that GitHub gives to headings: in lower case, without punctuation, numbered if they come again. */
function readAnchors(text: string): Set<string> {
  const anchors = new Set<string>();
  const headings = dropCode(text, { keepSpans: true })
    .matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm);
  for (const [, heading] of headings) {
    const name = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
    let anchor = name;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${name}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Folders that are not part of the repository. */
const OTHERS = [".git", "coverage", "node_modules"];

/**
 * Reads the repository: the paths of all files, and the pages with links.
 *
 * @param root Its folder.
 * @returns The paths, and the Markdown files and published modules.
 */
export async function readRepository(
  root: URL,
): Promise<{ files: string[]; pages: Page[] }> {
  const files = await Array.fromAsync(walk(root, ""));
  const shown = files.filter((path) =>
    path.endsWith(".md") || (path.endsWith(".ts") && isPublished(path))
  );
  const pages = await Promise.all(shown.map(async (path) => ({
    path,
    text: await Deno.readTextFile(new URL(path, root)),
  })));
  return { files, pages };
}

async function* walk(root: URL, folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder || ".", root))) {
    const path = `${folder}${entry.name}`;
    if (!entry.isDirectory) yield path;
    else if (!OTHERS.includes(entry.name)) yield* walk(root, `${path}/`);
  }
}
