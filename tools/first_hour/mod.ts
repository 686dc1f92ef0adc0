/**
 * The first hour of a new user: what README.md says, pasted into an empty folder
 * and run there, in order; and the files of guides.
 *
 * Nothing of it is changed but one address: the program listens on a free port
 * (`DENO_SERVE_ADDRESS`), so `localhost:8080` in other files stands for that.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { type Block, readBlocks, readCommands } from "./blocks.ts";
import { sayHello } from "./page.ts";

const README = new URL("../../README.md", import.meta.url);

/** The address in the README. */
const ADDRESS = "localhost:8080";

/** What the page shows to the first visitor. */
const GREETING = "Hello Ann, you are visitor 1";

/** A step of the first hour, as it is printed. */
export interface Step {
  /** The command, or what was done. */
  readonly name: string;
  /** What it has printed, or shown. */
  readonly output: string;
}

/** Options of {@linkcode runFirstHour}. */
export interface FirstHourOptions {
  /** The registry that has this module; see `layOutPackage()`. */
  registry: URL;
  /** Whether to open the page in Chromium; see `lacksBrowser()`. */
  hasBrowser: boolean;
  /** Called with each step that has succeeded. */
  onStep?: (step: Step) => void;
}

/**
 * Runs the section "Getting started" of README.md in an empty folder.
 *
 * @param options The registry, whether there is a browser, and what is called
 * with each step.
 * @returns The steps.
 * @throws {Error} When a command of it fails, with what it has printed.
 */
export async function runFirstHour(options: FirstHourOptions): Promise<Step[]> {
  const steps: Step[] = [];
  const report = (step: Step): void => {
    steps.push(step);
    options.onStep?.(step);
  };
  await using folder = await Folder.create(options.registry);
  for (const block of await readSection("Getting started")) {
    if (block.file !== undefined) {
      await folder.paste(block.file, block.text);
      report({ name: `paste ${block.file}`, output: "" });
    }
    if (block.info !== "sh") continue;
    for (const command of readCommands(block.text)) {
      report({ name: command, output: await folder.run(command) });
      if (!command.endsWith(" main.ts")) continue;
      if (!options.hasBrowser) continue;
      const url = `http://${folder.address}/`;
      await sayHello(url, GREETING);
      report({ name: `open ${url}`, output: GREETING });
    }
  }
  return steps;
}

/**
 * Pastes the files of guides into an empty folder, checks their types, and runs
 * those that are tests.
 *
 * @param guides The guides.
 * @param options The registry.
 * @returns The names of the files, each with the folder of its guide.
 * @throws {Error} When they do not compile, or a test fails.
 */
export async function runGuides(
  guides: readonly URL[],
  { registry }: { registry: URL },
): Promise<string[]> {
  const names: string[] = [];
  await using folder = await Folder.create(registry);
  for (const guide of guides) {
    const name = basename(guide.pathname, ".md");
    for (const { file, text } of readBlocks(await Deno.readTextFile(guide))) {
      if (file === undefined) continue;
      names.push(`${name}/${file}`);
      await folder.paste(`${name}/${file}`, text);
    }
  }
  await folder.run("deno add jsr:@neffos/mvc jsr:@std/assert");
  await folder.run("deno check .");
  await folder.run("deno test -A --no-check");
  return names;
}

/** Reads the blocks of a section of README.md. */
async function readSection(title: string): Promise<Block[]> {
  const readme = await Deno.readTextFile(README);
  const section = readme.split(/^## /m)
    .find((text) => text.startsWith(`${title}\n`));
  if (section === undefined) {
    throw new Error(`Cannot find the section "${title}" of README.md`);
  }
  return readBlocks(section);
}

/** An empty folder, and the commands that run in it. */
export class Folder implements AsyncDisposable {
  /** Where a command listens, once there is one. */
  address: string = ADDRESS;
  readonly #path: string;
  readonly #env: Record<string, string>;
  readonly #listening: Deno.ChildProcess[] = [];
  readonly #reading: Promise<void>[] = [];

  private constructor(path: string, registry: URL) {
    this.#path = path;
    this.#env = {
      NO_COLOR: "1",
      JSR_URL: registry.href,
      DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0",
    };
  }

  /**
   * Makes an empty folder.
   *
   * @param registry The registry that has this module.
   */
  static async create(registry: URL): Promise<Folder> {
    return new Folder(await Deno.makeTempDir(), registry);
  }

  /** Writes a file. */
  async paste(file: string, text: string): Promise<void> {
    const path = join(this.#path, file);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text.replaceAll(ADDRESS, this.address));
  }

  /** Runs a command until it has ended or listens, and returns what it has printed. */
  async run(command: string): Promise<string> {
    const [program, ...args] = command.split(" ");
    const process = new Deno.Command(
      program === "deno" ? Deno.execPath() : program!,
      {
        args,
        cwd: this.#path,
        env: this.#env,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      },
    ).spawn();
    let printed = "";
    const listens = Promise.withResolvers<string>();
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        printed += text;
        const [, address] = /Listening on http:\/\/([^/\s]+)/.exec(printed) ??
          [];
        if (address !== undefined) listens.resolve(address);
      }
    };
    const reading = Promise.all([read(process.stdout), read(process.stderr)])
      .then(() => {});
    const ended = reading.then(() => process.status);
    const first = await Promise.race([listens.promise, ended]);
    if (typeof first === "string") {
      this.address = first;
      this.#listening.push(process);
      this.#reading.push(reading);
    } else if (!first.success) {
      throw new Error(`"${command}" has failed:\n${printed}`);
    }
    return printed;
  }

  /** Ends what still runs, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#listening) {
      process.kill("SIGTERM");
      await process.status;
    }
    await Promise.all(this.#reading);
    await Deno.remove(this.#path, { recursive: true });
  }
}
