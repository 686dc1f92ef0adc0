import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Equivalent, EQUIVALENTS } from "./equivalent.ts";
import { mutate, type MutateOptions, type Tally } from "./mod.ts";
import { applyTo, findEquivalents, findMutants, showDiff } from "./mutants.ts";
import { runTests } from "./suites.ts";

/** A run of tests is ended as a group of processes, which Windows has not. */
const ignore = Deno.build.os === "windows";

const SOURCE = `// Ünïcode 😀 before everything else
export type Mode = "fast" | 0;

/** Noticed. */
export function isAdult(age: number): boolean {
  return age >= 18 && age < 150;
}

/** Survives: the test only looks at the result. */
export function log(lines: string[], line: string): number {
  lines.push(line);
  return line.length;
}

/** Runs in no test. */
export function forgotten(a: number): number {
  return a + 1;
}

/** Does not end. */
export function count(limit: number): number {
  let i = 0;
  while (i < limit) i++;
  return i;
}

/** Its first line runs, the end of that does not. */
export function half(a: number): number {
  if (a > 0) return a;
  return 0;
}

export function fail(name: string): never {
  throw new TypeError(\`Cannot use "\${name || "nothing"}": it is bad\`);
}
`;

const TEST = `
import { count, fail, half, isAdult, log } from "./lib.ts";

function assert(isTrue: boolean): void {
  if (!isTrue) throw new Error("no");
}

Deno.test("ages", () => {
  const seen = [17, 18, 149, 150].map(isAdult);
  assert(seen.join() === "false,true,true,false");
});

Deno.test("lines", () => assert(log([], "line") === 4));

Deno.test("a count", () => assert(count(3) === 3));

Deno.test("a half", () => assert(half(0) === 0));

Deno.test("a failure", () => {
  try {
    fail("name");
  } catch (error) {
    return assert(error instanceof TypeError);
  }
  throw new Error("no");
});
`;

/** Makes a checkout, and tries its mutants. */
async function run(
  { equivalents = [], ...options }: Partial<MutateOptions>,
): Promise<Tally & { unchanged: boolean }> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.writeTextFile(join(root, "deno.json"), "{}");
    await Deno.writeTextFile(join(root, "lib.ts"), SOURCE);
    await Deno.writeTextFile(join(root, "lib_test.ts"), TEST);
    const tally = await mutate({
      root,
      files: ["lib.ts"],
      equivalents,
      cache: join(root, "coverage"),
      workers: 2,
      longest: 60_000,
      leastTime: 5_000,
      seed: 1,
      ...options,
    });
    const after = await Deno.readTextFile(join(root, "lib.ts"));
    return { ...tally, unchanged: after === SOURCE };
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("mutate() finds what the tests notice and what they do not", {
  ignore,
}, async () => {
  const { outcomes, unchanged } = await run({});
  assertEquals(
    // On a busy machine others may take too long as well.
    outcomes.map(({ mutant: { id }, verdict }) =>
      `${id} ${verdict === "timeout" ? "noticed" : verdict}`
    ),
    [
      "lib.ts:6:3:return-early noticed",
      "lib.ts:6:14:boundary noticed",
      "lib.ts:6:20:and-or noticed",
      "lib.ts:6:27:boundary noticed",
      "lib.ts:11:3:return-early noticed",
      "lib.ts:11:3:remove-statement survived",
      "lib.ts:17:3:return-early uncovered",
      "lib.ts:17:12:arithmetic uncovered",
      "lib.ts:17:14:number uncovered",
      "lib.ts:22:3:return-early noticed",
      "lib.ts:22:11:number survived",
      "lib.ts:23:10:negate noticed",
      "lib.ts:23:12:boundary noticed",
      "lib.ts:23:21:count noticed",
      "lib.ts:29:3:return-early noticed",
      "lib.ts:29:7:negate survived",
      "lib.ts:29:9:boundary survived",
      "lib.ts:29:11:number survived",
      "lib.ts:30:10:number noticed",
      "lib.ts:34:3:return-early noticed",
    ],
  );
  assertEquals(
    outcomes.find(({ mutant }) => mutant.kind === "count")!.verdict,
    "timeout",
  );
  assertEquals(unchanged, true);
});

Deno.test("mutate() tries one mutant, or a sample that a seed repeats", {
  ignore,
}, async () => {
  const only = await run({ only: "lib.ts:11:3:remove-statement" });
  assertEquals(only.outcomes.map(({ verdict }) => verdict), ["survived"]);
  await assertRejects(
    () => run({ only: "lib.ts:1:1:negate" }),
    Error,
    "no such",
  );
  const sample = async () =>
    (await run({ sample: 2, seed: 4 })).outcomes.map(({ mutant }) => mutant.id);
  const first = await sample();
  assertEquals(first.length, 2);
  assertEquals(await sample(), first);
});

Deno.test("mutate() leaves out equivalent mutants, and refuses a stale list", {
  ignore,
}, async () => {
  const entry: Equivalent = {
    file: "lib.ts",
    code: "lines.push(line);",
    kinds: ["remove-statement"],
    reason: "nobody reads them",
  };
  const { outcomes, equivalent } = await run({
    equivalents: [entry],
    sample: 0,
  });
  assertEquals(outcomes, []);
  assertEquals(
    [...equivalent].map(([{ id }, reason]) => [id, reason]),
    [["lib.ts:11:3:remove-statement", entry.reason]],
  );
  const stale: Partial<Equivalent>[] = [
    { code: "lines.pop();" },
    { code: "line" },
    { kinds: ["boundary"] },
  ];
  for (const change of stale) {
    await assertRejects(
      () => run({ equivalents: [{ ...entry, ...change }], sample: 0 }),
      Error,
      "Cannot use the equivalent mutants of lib.ts",
    );
  }
});

Deno.test("The list of equivalent mutants fits the source", async () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const files = [...new Set(EQUIVALENTS.map(({ file }) => file))];
  const mutants = await findMutants(root, files);
  const found = await findEquivalents(root, mutants, EQUIVALENTS);
  assertEquals(found.size >= EQUIVALENTS.length, true);
});

Deno.test(
  "mutate() refuses tests that fail without a change",
  { ignore },
  async () => {
    const root = await Deno.realPath(await Deno.makeTempDir());
    try {
      await Deno.writeTextFile(join(root, "deno.json"), "{}");
      await Deno.writeTextFile(join(root, "lib.ts"), "export const one = 1;\n");
      await Deno.writeTextFile(
        join(root, "lib_test.ts"),
        'Deno.test("no", () => { throw new Error("no"); });\n',
      );
      await assertRejects(
        () =>
          mutate({
            root,
            files: ["lib.ts"],
            equivalents: [],
            cache: join(root, "coverage"),
            workers: 1,
            longest: 60_000,
            seed: 1,
          }),
        Error,
        "Cannot measure lib_test.ts: it fails without a change",
      );
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
);

Deno.test(
  "runTests() ends an endless test when it is aborted",
  { ignore },
  async () => {
    const root = await Deno.realPath(await Deno.makeTempDir());
    try {
      await Deno.writeTextFile(
        join(root, "endless_test.ts"),
        'Deno.writeTextFileSync("begun", ""); while (true);',
      );
      using watcher = Deno.watchFs(root);
      const controller = new AbortController();
      const reason = new Error("enough");
      const run = runTests(root, ["endless_test.ts"], {
        timeout: 600_000,
        signal: controller.signal,
      });
      const ending = assertRejects(() => run);
      for await (const { paths } of watcher) {
        if (paths.some((path) => path.endsWith("begun"))) break;
      }
      controller.abort(reason);
      assertEquals(await ending, reason);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
);

Deno.test("findMutants() makes every kind of change, each once", async () => {
  const table: Readonly<Record<string, readonly string[]>> = {
    "if (a) b;": ["if (!(a)) b;"],
    "if (!a) b;": ["if (!(!a)) b;"],
    "c = !a;": [";", "c = !!(a);"],
    "if (a === b) c;": ["if (a !== b) c;"],
    "c = a && (b || c);": [";", "c = a || (b || c);", "c = a && (b && c);"],
    "f(a ?? b);": [";", "f((a));"],
    "const c = a > b ? 0 : 1;": [
      "const c = !(a > b) ? 0 : 1;",
      "const c = a >= b ? 0 : 1;",
      "const c = a > b ? 1 : 1;",
      "const c = a > b ? 0 : 0;",
    ],
    "const c = a + b;": ["const c = a - b;"],
    "const c = `${a}` + b;": ["const c = `` + b;"],
    "for (;a;) ++b;": ["for (;false;) ++b;", "for (;a;) --b;"],
    "const c = { a: true, ...b };": [
      "const c = { ...b };",
      "const c = { a: false, ...b };",
      "const c = { a: true, };",
    ],
    "await f();": [";"],
    'const [a = "", { b = "" }] = { c: undefined };': [
      'const [a = "", { b = "changed" }] = { c: undefined };',
    ],
    'import { a } from "b";': [],
    'type A = "a" | 0;': [],
    'const a = { "b": c } as { b: "c" };': ['const a = { } as { b: "c" };'],
    'const a = new TypeError("wording" + b, { cause: c });': [
      'const a = new TypeError("wording" + b, { });',
    ],
    "class A extends B { constructor() { super(); f(); } }": [
      "class A extends B { constructor() { super(); ; } }",
    ],
    "const f = () => g();": ["const f = () => undefined;"],
    "function f() { const a = b; return a; }": [
      "function f() { return; const a = b; return a; }",
    ],
  };
  const sources = Object.keys(table);
  const root = await Deno.realPath(await Deno.makeTempDir());
  try {
    const files = sources.map((_, i) => `${i}.ts`);
    for (const [i, source] of sources.entries()) {
      await Deno.writeTextFile(join(root, files[i]!), source);
    }
    const mutants = await findMutants(root, files);
    for (const [i, source] of sources.entries()) {
      const changed = mutants.filter(({ file }) => file === files[i])
        .map((mutant) => applyTo(source, mutant));
      assertEquals(changed.sort(), [...table[source]!].sort(), source);
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("showDiff() shows the lines that change", () => {
  const source = "a;\nif (\n  b\n) c();\nd;\n";
  const change = { kind: "remove-statement", start: 3, text: ";" } as const;
  assertEquals(
    showDiff(source, { ...change, end: source.indexOf("\nd") }),
    "- if (\n-   b\n- ) c();\n+ ;",
  );
});
