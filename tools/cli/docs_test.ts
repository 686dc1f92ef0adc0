import { assertEquals } from "@std/assert";
import { startDemoServer } from "./demo_server.ts";
import { hasTerminal } from "./terminal.ts";
import { GUIDE, isShown, playAll, readTranscripts } from "./transcript.ts";

Deno.test("The transcripts of mvc/CLI.md show what is written", {
  ignore: !await hasTerminal(),
}, async () => {
  const transcripts = readTranscripts(await Deno.readTextFile(GUIDE));
  await using server = startDemoServer();
  let count = 0;
  for await (const one of playAll(transcripts, server)) {
    const { line, text } = one.transcript;
    if (!isShown(one)) {
      assertEquals(one.shown, text, `mvc/CLI.md:${line}; deno task cli:docs`);
    }
    count++;
  }
  assertEquals(count, transcripts.length);
});
