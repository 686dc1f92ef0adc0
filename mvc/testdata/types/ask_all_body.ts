// error at 9:46: Type 'number' is not assignable to type 'RawBody'.
// note: The expected type comes from property 'body' which is declared here on type 'Message<unknown> | (Omit<MessageInit, "event" | "body"> & { event: "onVote"; } & { body: string; })'
import type { Server } from "../../../mod.ts";

interface VoteEvents {
  onVote(question: string): boolean;
}
declare const server: Server;
server.askAll<VoteEvents>({ event: "onVote", body: 1 });
