import { assertEquals, assertStringIncludes } from "@std/assert";

const CORPUS = new URL("testdata/types/", import.meta.url);

/** One program of the corpus, and the errors of the compiler. */
interface Program {
  readonly source: string;
  readonly errors: string[];
}

Deno.test("types: the compiler reports the expected error of each program", async (t) => {
  const programs = await readPrograms();
  await checkAll(programs);
  for (const [name, { source, errors }] of programs) {
    await t.step(name, () => {
      if (name.startsWith("ok_")) return assertEquals(errors, []);
      const [error = "no error", ...others] = errors;
      assertStringIncludes(error, readExpectation(source));
      // A second error may be a mistake in the program itself.
      assertEquals(others, []);
    });
  }
});

async function readPrograms(): Promise<Map<string, Program>> {
  const programs = new Map<string, Program>();
  for await (const { name } of Deno.readDir(CORPUS)) {
    const source = await Deno.readTextFile(new URL(name, CORPUS));
    programs.set(name, { source, errors: [] });
  }
  return programs;
}

function readExpectation(source: string): string {
  const text = /^\/\/ error: (.+)\n/.exec(source)?.[1];
  if (text !== undefined) return text;
  throw new TypeError(
    'Cannot check a program that must not compile: its first line must be "// error: <text>"',
  );
}

/** Checks all programs at once, since starting the compiler takes long. */
async function checkAll(programs: Map<string, Program>): Promise<void> {
  // The configuration excludes the corpus from every check, this one included.
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--no-config", "--no-lock", ...programs.keys()],
    cwd: CORPUS,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const report = new TextDecoder().decode(stderr);
  // Notes of an error are indented further.
  for (const text of report.split(/^(?=TS\d+ \[ERROR\]: \S)/m)) {
    if (text.trim() === "") continue;
    // The places of its notes are indented further than its own.
    const place = /^ {4}at (file:.+):\d+:\d+$/m.exec(text)?.[1];
    const name = place?.slice(place.lastIndexOf("/") + 1) ?? "";
    const program = programs.get(name);
    if (program === undefined) throw new Error(report);
    program.errors.push(text);
  }
}
