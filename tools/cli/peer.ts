import { GoServer } from "../interop/go/go_server.ts";
import { buildGo } from "../interop/go/peer.ts";
import { type Check, type Peer, UnavailableError } from "../interop/peer.ts";
import { hasTerminal } from "./terminal.ts";
import { GUIDE, isShown, playAll, readTranscripts } from "./transcript.ts";

/** The documentation of our command line, with a server of the Go project. */
export const commandLine: Peer = {
  name: "neffos v0.0.24 (Go), server, and the transcripts of mvc/CLI.md",
  async prepare(cache) {
    if (!await hasTerminal()) {
      throw new UnavailableError("script of util-linux is not installed");
    }
    const program = await buildGo(cache);
    return () => tryTranscripts(program);
  },
};

async function tryTranscripts(program: string): Promise<Check[]> {
  await using server = await GoServer.start(program);
  const transcripts = readTranscripts(await Deno.readTextFile(GUIDE));
  const { host } = server.endpoint("chat");
  const checks: Check[] = [];
  for await (const one of playAll(transcripts, { address: host })) {
    const [command = ""] = one.transcript.text.split("\n");
    const ok = isShown(one);
    checks.push({
      name: `\`${command}\`, and what follows`,
      ok,
      ...(!ok && { note: one.shown }),
    });
  }
  return checks;
}
