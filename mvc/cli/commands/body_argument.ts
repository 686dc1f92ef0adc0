import type { RawBody } from "../../../neffos/client.ts";
import type { Call } from "../command.ts";
import { FILES, findOddJSON, readBody } from "../input/body.ts";
import type { IO } from "../io.ts";

/**
 * Reads the body of an event from the arguments of a command; `--binary` makes
 * bytes of a text.
 *
 * @param call What the command was called with.
 * @param written The body as it is written.
 * @returns The body.
 */
export async function readBodyArgument(
  call: Call,
  written: string,
): Promise<RawBody> {
  const { io } = call;
  const readInput = () => readAll(io.stdin);
  const body = await readBody(written, { ...FILES, readInput });
  const odd = findOddJSON(body);
  if (odd !== undefined) io.err(`neffos: ${odd}\n`);
  return typeof body === "string" && call.has("binary")
    ? new TextEncoder().encode(body)
    : body;
}

async function readAll(input: IO["stdin"]): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of input) chunks.push(new Uint8Array(chunk));
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
