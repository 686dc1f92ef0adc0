// error at 10:19: Property 'trim' does not exist on type 'boolean'.
import type { ServerApi } from "../../../mod.ts";

interface VoteEvents {
  onVote(question: string): boolean;
}
export async function count(server: ServerApi) {
  const init = { event: "onVote", body: "Tea?" } as const;
  for await (const answer of server.askAll<VoteEvents>(init)) {
    answer.json().trim();
  }
}
