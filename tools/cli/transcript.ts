import { readBlocks } from "../first_hour/blocks.ts";
import { PROGRAM, Terminal } from "./terminal.ts";

/** The documentation of the command line. */
export const GUIDE = new URL("../../mvc/CLI.md", import.meta.url);

/** The address of the server in the documentation. */
const ADDRESS = "localhost:8080";

/** As wide as no line of the documentation is. */
const COLUMNS = 500;

/** For how long a terminal shows nothing new when it waits for keys, in milliseconds. */
const REST = 700;

/** What a terminal shows: commands, what they print, and what is typed into them. */
export interface Transcript {
  /** The number of the line of its fence. */
  readonly line: number;
  readonly text: string;
}

/** Where transcripts are played. */
export interface Stage {
  /** The address of the server. */
  readonly address: string;
  /** The folder that commands run in. */
  readonly folder: string;
}

/** What playing a transcript has shown. */
export interface Played {
  readonly transcript: Transcript;
  readonly shown: string;
}

/** Reads the transcripts of Markdown: its blocks of `console`. */
export function readTranscripts(markdown: string): Transcript[] {
  return readBlocks(markdown).filter(({ info }) => info === "console")
    .map(({ line, text }) => ({ line, text }));
}

/**
 * Plays transcripts, in order. One of `neffos watch` stays open until the next
 * one has been played.
 *
 * @param transcripts The transcripts.
 * @param options The server, and whether what they show is not known yet.
 * @returns What each has shown.
 */
export async function* playAll(
  transcripts: readonly Transcript[],
  { address, isNew = false }: { address: string; isNew?: boolean },
): AsyncGenerator<Played> {
  const folder = await Deno.makeTempDir();
  try {
    await writeProgram(folder);
    let open: Act | undefined;
    for (const transcript of transcripts) {
      const act = new Act(transcript, { address, folder });
      await act.play(isNew);
      if (act.isWatch && open === undefined) {
        open = act;
        continue;
      }
      if (open !== undefined) yield await open.end();
      open = undefined;
      yield await act.end();
    }
    if (open !== undefined) yield await open.end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes the command `neffos`, as `deno install` does. */
async function writeProgram(folder: string): Promise<void> {
  const path = `${folder}/bin/neffos`;
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(
    path,
    `#!/bin/sh\nexec ${Deno.execPath()} run -A --no-check --quiet ${PROGRAM} "$@"\n`,
    { mode: 0o755 },
  );
}

/** One transcript that is being played. */
class Act {
  readonly #transcript: Transcript;
  readonly #address: string;
  readonly #terminal: Terminal;
  /** Whether it shows what other commands cause. */
  readonly isWatch: boolean;

  constructor(transcript: Transcript, { address, folder }: Stage) {
    this.#transcript = transcript;
    this.#address = address;
    const commands = transcript.text.split("\n")
      .filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
    this.isWatch = commands.some((command) =>
      command.startsWith("neffos watch ")
    );
    const script = commands.map((command) =>
      `printf '%s\\n' ${quote(`$ ${command}`)}\n${this.#toReal(command)}\n`
    ).join("");
    this.#terminal = Terminal.open(`bash -c ${quote(script)}`, {
      cwd: folder,
      columns: COLUMNS,
      env: { PATH: `${folder}/bin:${Deno.env.get("PATH")}` },
    });
  }

  /** Types what is typed, each line once all before it is shown. */
  async play(isNew: boolean): Promise<void> {
    const { text } = this.#transcript;
    let isKnown = !isNew;
    for (const { index, 1: prompt, 2: typed } of text.matchAll(TYPED)) {
      const before = text.slice(0, index) + prompt!.trimEnd();
      isKnown &&= await this.#terminal
        .shows((shown) => this.#toShown(shown) === before)
        .then(() => true, () => false);
      if (!isKnown) {
        await this.#terminal.shows((shown) => /^\S*>$/m.test(shown));
        await this.#terminal.rests(REST);
      }
      await this.#terminal.type(`${typed}\r`);
    }
    if (this.isWatch) {
      await this.#terminal.shows((shown) => shown.includes("Watching;"));
    }
  }

  /** Waits until its commands have ended. */
  async end(): Promise<Played> {
    await this.#terminal.end();
    const shown = `${this.#toShown(this.#terminal.text).trimEnd()}\n`;
    return { transcript: this.#transcript, shown };
  }

  #toReal(text: string): string {
    return text.replaceAll(ADDRESS, this.#address);
  }

  #toShown(text: string): string {
    return text.replaceAll(this.#address, ADDRESS);
  }
}

/** A line that is typed into a session, with its prompt. */
const TYPED = /^((?:[\w.-]+)?> )(.+)$/gm;

/** Whether a transcript shows what is written, but for figures that were measured. */
export function isShown({ transcript, shown }: Played): boolean {
  return maskFigures(transcript.text) === maskFigures(shown);
}

/** Hides what differs from run to run: the figures of `neffos bench`. */
function maskFigures(text: string): string {
  if (!text.includes("$ neffos bench ")) return text;
  return text.replaceAll(
    /^\$ .*|\d+(\.\d+)?( m?s)?/gm,
    (part) => part.startsWith("$") ? part : "#",
  );
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Puts what was shown into the Markdown. */
export function rewrite(markdown: string, played: readonly Played[]): string {
  let text = markdown;
  for (const { transcript, shown } of played) {
    text = text.replace(
      `\`\`\`console\n${transcript.text}\`\`\``,
      () => `\`\`\`console\n${shown}\`\`\``,
    );
  }
  return text;
}
