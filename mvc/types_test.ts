import { assertEquals } from "@std/assert";

const CORPUS = new URL("testdata/types/", import.meta.url);

/** A line of the head of a program, which says what the compiler reports. */
const HEAD = /^\/\/ (?:error|note| {2})/;

/** An error of the compiler. */
interface CompileError {
  readonly line: number;
  readonly column: number;
  /** The lines of its text, then those of its notes. */
  readonly text: string[];
}

/** One program of the corpus. */
interface Program {
  readonly head: string[];
  readonly body: string;
  readonly errors: CompileError[];
}

/**
 * Each program begins with the one error that the compiler must report: the place
 * of its mark, its whole text and its notes. `ok_` programs have none. After a
 * change write them anew, and read them as their users will:
 * `deno test -A mvc/types_test.ts -- --update`.
 */
Deno.test("types: the compiler reports the expected error of each program", async (t) => {
  const programs = await readPrograms();
  await checkAll(programs);
  for (const [name, { head, body, errors }] of programs) {
    await t.step(name, async () => {
      if (name.startsWith("ok_")) return assertEquals(errors, []);
      // A second error may be a mistake in the program itself.
      assertEquals(errors.slice(1), []);
      const [error] = errors;
      if (error === undefined) throw new Error("The compiler reports no error");
      const found = writeHead(error, head.length);
      if (canonicalize(found) === canonicalize(head)) return;
      if (!Deno.args.includes("--update")) return assertEquals(found, head);
      const text = [...found, body].join("\n");
      await Deno.writeTextFile(new URL(name, CORPUS), text);
    });
  }
});

async function readPrograms(): Promise<Map<string, Program>> {
  const programs = new Map<string, Program>();
  const names = await Array.fromAsync(Deno.readDir(CORPUS), ({ name }) => name);
  for (const name of names.sort()) {
    const lines = (await Deno.readTextFile(new URL(name, CORPUS))).split("\n");
    const length = lines.findIndex((line) => !HEAD.test(line));
    const head = lines.slice(0, length);
    const body = lines.slice(length).join("\n");
    programs.set(name, { head, body, errors: [] });
  }
  return programs;
}

/** Writes the head of a program whose present head has so many lines. */
function writeHead(
  { line, column, text }: CompileError,
  present: number,
): string[] {
  const [first, ...others] = text;
  const place = `${line - present + text.length}:${column}`;
  return [
    `// error at ${place}: ${first}`,
    ...others.map((line) => `// ${line}`),
  ];
}

/**
 * Makes texts comparable: the compiler writes the members of a union in the order
 * in which it first came across them, which any change may change, leaves some
 * out of a long one, and counts the members that it leaves out of a list.
 */
function canonicalize(head: readonly string[]): string {
  return head.map((text) => {
    const line = text.replace(/\band \d+ more\b/, "and more");
    if (!line.includes(" | ")) return line;
    const short = line.replace(/'[^']{100,}'/g, "");
    return short.split(/[\s'"<>(){},;|]+/).sort().join(" ");
  }).join("\n");
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
    const { name, ...error } = readError(text);
    const program = programs.get(name);
    if (program === undefined) throw new Error(report);
    program.errors.push(error);
  }
}

/**
 * Reads an error and its notes. Each is a text, then a line of the program, a line
 * with the mark under it, and a line with the place.
 */
function readError(report: string): CompileError & { readonly name: string } {
  const parts = report.replace(/^TS\d+ \[ERROR\]: /gm, "")
    .split(/^ *at file:/m);
  const [, name, line, column] =
    /^.*\/(.+):(\d+):(\d+)\n/.exec(parts[1] ?? "") ?? [];
  if (name === undefined) throw new Error(report);
  const text = readText(parts[0] ?? "");
  for (const part of parts.slice(1, -1)) {
    // It begins with the place of the text before it.
    const note = part.slice(part.indexOf("\n")).replace(/^ {4}/gm, "");
    const [first = "", ...others] = readText(note);
    text.push(`note: ${first}`, ...others);
  }
  return { name, line: Number(line), column: Number(column), text };
}

/** Reads the lines before the line of the program and its mark. */
function readText(part: string): string[] {
  const lines = part.split("\n").filter((line) => line.trim() !== "");
  const mark = lines.findIndex((line) => /^ *~+$/.test(line));
  return lines.slice(0, mark - 1);
}
