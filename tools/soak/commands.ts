/**
 * What a process of the soak can be told to do, by name. The argument and the
 * answer go over its standard input and output, as lines of JSON.
 */
export type Commands = Readonly<
  // deno-lint-ignore no-explicit-any -- each command has its own type
  Record<string, (argument: any) => unknown>
>;

/** What a process answers: a value, or why there is none. */
export interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

/** Says that the process is ready, then does what it is told, one after another. */
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

/** Cuts a stream into its lines. */
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
