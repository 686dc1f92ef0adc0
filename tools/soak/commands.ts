/**
 * The commands of a process of the soak, by name. Arguments and answers go over
 * standard input and output, as lines of JSON.
 */
export type Commands = Readonly<
  // deno-lint-ignore no-explicit-any -- each command has its own type
  Record<string, (argument: any) => unknown>
>;

/** The answer of a process: a value, or the error. */
export interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

/** Reports that the process is ready, then runs commands one after another. */
export async function obey(commands: Commands): Promise<void> {
  print({});
  for await (const line of readLines(Deno.stdin.readable)) {
    const { name, argument } = JSON.parse(line);
    try {
      print({ value: await commands[name]!(argument) });
    } catch (error) {
      print({ error: String(error) });
    }
  }
}

function print(answer: Answer): void {
  console.log(JSON.stringify(answer));
}

/** Splits a stream into lines. */
export async function* readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
