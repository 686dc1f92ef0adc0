import { dirname, join } from "node:path";
import config from "../../../deno.json" with { type: "json" };
import type { Call, Command } from "../command.ts";
import { EXIT, Failure, usage } from "../failure.ts";
import { makeFiles } from "../init/template.ts";
import { makeStyle } from "../output/style.ts";

/** `neffos init`. */
export const init: Command = {
  name: "init",
  summary: "lay out a small project that runs at once",
  arguments: "[FOLDER]",
  about: [
    `A chat: a controller with a service, its test, and a page. Nothing is
overwritten: if one of the files is there, none is written.`,
  ],
  options: { json: { about: "print one line of JSON, also for errors" } },
  examples: ["neffos init my-chat"],
  run: runInit,
};

async function runInit(call: Call): Promise<number> {
  const [folder = "."] = call.words;
  const files = makeFiles(config.version);
  const paths = [...files.keys()];
  try {
    await layOut(folder, files);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { message } = error as Error;
    throw usage(
      `Cannot lay out a project in ${
        JSON.stringify(folder)
      }: ${message}; name a folder that you may write to`,
    );
  }
  call.io.out(
    call.has("json")
      ? `${JSON.stringify({ folder, files: paths })}\n`
      : writeNextSteps(call, { folder, paths }),
  );
  return EXIT.done;
}

/** Writes the files, or none if one of them is there. */
async function layOut(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const paths = [...files.keys()];
  const there = await filter(paths, (path) => isThere(join(folder, path)));
  if (there.length > 0) {
    const verb = there.length === 1 ? "is" : "are";
    throw usage(
      `Cannot lay out a project in ${JSON.stringify(folder)}: ${
        there.join(", ")
      } ${verb} there already; name another folder`,
    );
  }
  for (const [path, text] of files) {
    const target = join(folder, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeTextFile(target, text, { createNew: true });
  }
}

function writeNextSteps(
  { io }: Call,
  { folder, paths }: { folder: string; paths: readonly string[] },
): string {
  const style = makeStyle(io.isTTY, io);
  const enter = folder === "." ? [] : [`cd ${quoteForShell(folder)}`];
  const commands = [
    ...enter,
    "deno task test",
    "deno task start   # then open http://localhost:8080/",
    "neffos connect ws://localhost:8080/chat chat",
  ];
  return [
    ...paths.map((path) => `${style.dim("wrote")} ${join(folder, path)}`),
    "",
    ...commands.map((command) => `  ${command}`),
    "",
  ].join("\n");
}

function quoteForShell(text: string): string {
  if (text.startsWith("-")) return quoteForShell(`./${text}`);
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function filter<T>(
  values: readonly T[],
  isWanted: (value: T) => Promise<boolean>,
): Promise<T[]> {
  const wanted = await Promise.all(values.map(isWanted));
  return values.filter((_value, i) => wanted[i]);
}
