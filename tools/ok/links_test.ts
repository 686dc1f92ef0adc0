import { assert, assertEquals } from "@std/assert";
import { findLinkFaults, isPublished, readRepository } from "./links.ts";

const FILES = [
  "README.md",
  "CHANGELOG.md",
  "neffos/LIMITS.md",
  "neffos/mod.ts",
  "tools/ok.ts",
];

/** Finds the faults of one file. */
function check(text: string, path = "README.md"): string[] {
  const limits = { path: "neffos/LIMITS.md", text: "# Limits\n\n## Of `n`\n" };
  return findLinkFaults([{ path, text }, limits], FILES);
}

Deno.test("findLinkFaults() finds none in links to files, headings and sites", () => {
  const text = `# Top
[a](#top) [b](CHANGELOG.md) [c](neffos/LIMITS.md#of-n) [d][d]
<a href="https://jsr.io">e</a> <https://deno.com> [f](http://localhost:8080/)

[d]: neffos/mod.ts
`;
  assertEquals(check(text), []);
});

Deno.test("findLinkFaults() names what is not there, or not published", () => {
  const faults: Record<string, string> = {
    "nowhere.md": "is not there",
    "#nowhere": 'has no heading for "#nowhere"',
    "neffos/LIMITS.md#nowhere": 'has no heading for "#nowhere"',
    "tools/ok.ts": "is not published, and this page is",
    "neffos": "is not published, and this page is",
    "/CHANGELOG.md": "begins with a slash",
    "https://": "is no URL",
    "http://example.com": "should begin with https:",
  };
  for (const [link, fault] of Object.entries(faults)) {
    const found = [`README.md: ${link} ${fault}`];
    assertEquals(check(`[a](${link})`), found);
    assertEquals(check(`[a][b]\n\n[b]: ${link}\n`), found);
    assertEquals(check(`<a href="${link}">a</a>`), found);
  }
});

Deno.test("findLinkFaults() takes code for no link", () => {
  assertEquals(check("`[a](nowhere)`\n\n```md\n[a](nowhere)\n```\n"), []);
});

Deno.test("findLinkFaults() lets a page that is not published link to any file", () => {
  assertEquals(check("[a](../tools/ok.ts)", "tools/README.md"), []);
});

Deno.test("findLinkFaults() refuses relative links in doc comments, and reads no other text", () => {
  const text = `/** See [limits](LIMITS.md). */
export const a = x[0](1);
// [a](nowhere)
`;
  assertEquals(check(text, "neffos/mod.ts"), [
    "neffos/mod.ts: LIMITS.md is relative, in a doc comment",
  ]);
});

Deno.test("Every link of the documentation leads somewhere, on the package page too", async () => {
  const root = new URL("../../", import.meta.url);
  const { files, pages } = await readRepository(root);
  assert(pages.some(({ path }) => path === "README.md"));
  assertEquals(findLinkFaults(pages, files), []);
});

Deno.test("isPublished() is what deno publish says", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stderr);
  assert(success, output);
  const root = new URL("../../", import.meta.url);
  const { files } = await readRepository(root);
  assertEquals(
    [...output.matchAll(/^ +(file:\S+) \(/gm)]
      .map(([, url]) => decodeURI(url!.slice(root.href.length))).toSorted(),
    files.filter(isPublished).toSorted(),
  );
});
