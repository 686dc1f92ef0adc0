import { assertEquals, assertStringIncludes } from "@std/assert";

const CORPUS = new URL("testdata/types/", import.meta.url);

/** One program of the corpus, and what the compiler says of it. */
interface Program {
  readonly source: string;
  readonly errors: string[];
}

Deno.test("types: the compiler says of each program what it should", async (t) => {
  const programs = await readPrograms();
  await checkAll(programs);
  for (const [name, { source, errors }] of programs) {
    await t.step(name, () => {
      if (name.startsWith("ok_")) return assertEquals(errors, []);
      const [error = "no error", ...others] = errors;
      assertStringIncludes(error, expectationOf(source));
      // A second error may be a mistake of the program itself.
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

function expectationOf(source: string): string {
  const text = /^\/\/ error: (.+)\n/.exec(source)?.[1];
  if (text !== undefined) return text;
  throw new TypeError(
    'Cannot check a program that must not compile: its first line must be "// error: <text>"',
  );
}

/** Checks all in one go, since it is starting the compiler that takes time. */
async function checkAll(programs: Map<string, Program>): Promise<void> {
  // The configuration keeps the corpus out of every check, this one included.
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--no-config", "--no-lock", ...programs.keys()],
    cwd: CORPUS,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const report = new TextDecoder().decode(stderr);
  // What belongs to the error before is further to the right.
  for (const text of report.split(/^(?=TS\d+ \[ERROR\]: \S)/m)) {
    if (text.trim() === "") continue;
    // The places of an error's notes are further to the right than its own.
    const place = /^ {4}at (file:.+):\d+:\d+$/m.exec(text)?.[1];
    const name = place?.slice(place.lastIndexOf("/") + 1) ?? "";
    const program = programs.get(name);
    if (program === undefined) throw new Error(report);
    program.errors.push(text);
  }
}
