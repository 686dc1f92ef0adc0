/**
 * Plays each transcript of mvc/CLI.md in a terminal, and writes what it shows
 * into the file.
 *
 * ```sh
 * deno task cli:docs
 * ```
 *
 * With `--check` it writes nothing, and fails if a transcript shows something
 * else. The test in tools/cli does so too; `deno task interop` plays them with a
 * server in Go.
 *
 * @module
 */

import { startDemoServer } from "./cli/demo_server.ts";
import {
  GUIDE,
  isShown,
  playAll,
  type Played,
  readTranscripts,
  rewrite,
} from "./cli/transcript.ts";

const isCheck = Deno.args.includes("--check");
const markdown = await Deno.readTextFile(GUIDE);
const played: Played[] = [];
{
  await using server = startDemoServer();
  const options = { address: server.address, isNew: !isCheck };
  for await (const one of playAll(readTranscripts(markdown), options)) {
    played.push(one);
    console.log(one.shown);
  }
}
const stale = played.filter((one) => !isShown(one));
for (const { transcript } of stale) {
  console.error(
    `mvc/CLI.md:${transcript.line} ${isCheck ? "is" : "was"} stale`,
  );
}
if (!isCheck) await Deno.writeTextFile(GUIDE, rewrite(markdown, played));
if (isCheck && stale.length > 0) Deno.exit(1);
