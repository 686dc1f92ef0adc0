// error: Type 'number' is not assignable to type 'RawBody'
import type { Server } from "../../../mod.ts";

interface VoteEvents {
  onVote(question: string): boolean;
}
declare const server: Server;
server.askAll<VoteEvents>({ event: "onVote", body: 1 });
