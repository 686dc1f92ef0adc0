/** A fenced block of code in Markdown. */
export interface Block {
  /** The words after the fence: the language, then what else is said of it. */
  readonly info: string;
  /** What is inside, with its last line break. */
  readonly text: string;
  /** The number of the line of its fence, from 1. */
  readonly line: number;
  /** The name of the file that it is, where its first line has one. */
  readonly file: string | undefined;
}

/**
 * Reads the fenced blocks of Markdown.
 *
 * A block is a file where its first line is a comment with nothing but a path:
 * `// main.ts` or `<!-- page/index.html -->`.
 *
 * @param markdown The text.
 * @returns The blocks, in order.
 */
export function readBlocks(markdown: string): Block[] {
  const blocks = markdown.matchAll(/^```(\w[^\n]*)\n(.*?)^```$/gms);
  return Array.from(blocks, ({ index, 1: info, 2: text }) => ({
    info: info!,
    text: text!,
    line: markdown.slice(0, index).split("\n").length,
    file: readFileName(text!),
  }));
}

function readFileName(text: string): string | undefined {
  const [first] = text.split("\n");
  return /^(?:\/\/|<!--) ([\w/.-]+\.\w+)(?: -->)?$/.exec(first!)?.[1];
}

/**
 * Reads the commands of a block of shell.
 *
 * @param text The block.
 * @returns The commands, without comments.
 */
export function readCommands(text: string): string[] {
  return text.split("\n").map((line) => line.replace(/\s*#.*/, "").trim())
    .filter((line) => line !== "");
}
