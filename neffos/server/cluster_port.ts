import type { UntypedAnswer } from "../api/server_api.ts";
import type { ClusterHost } from "../exchange/cluster.ts";
import type {
  CloseWith,
  CountTarget,
  LocalAskOptions,
} from "../exchange/responder.ts";
import type { Delivery } from "../exchange/inbox.ts";
import type { Roster } from "../exchange/presence/roster.ts";
import type { BodyCodec } from "../protocol/body.ts";
import { exclude, type Message } from "../protocol/message.ts";
import type { Timers } from "../util/timers.ts";
import { findExcluded, sendToReceivers } from "./broadcast.ts";
import type { ServerDirectory } from "./directory.ts";
import type { ServerHost } from "./host.ts";
import { Poll } from "./poll.ts";

/** The server as the other servers reach it. */
export class ClusterPort implements ClusterHost {
  readonly #host: ServerHost;

  constructor(host: ServerHost) {
    this.#host = host;
  }

  get timers(): Timers {
    return this.#host.timers;
  }

  get codec(): BodyCodec | undefined {
    return this.#host.codec;
  }

  deliver({ message, frame, except, context: from }: Delivery): void {
    const { directory, trace } = this.#host;
    const excluded = findExcluded(directory, except.map(exclude));
    const send = (context?: string) =>
      void sendToReceivers(this.#host, message, { excluded, frame, context });
    if (trace === undefined) send();
    else trace.broadcast({ message, from, isForwarded: true }, send);
  }

  askLocal(
    message: Message,
    { except, context: from, ...options }: LocalAskOptions,
  ): AsyncIterable<UntypedAnswer> {
    const { trace } = this.#host;
    const poll = new Poll(this.#host, message, {
      ...options,
      except: except.map(exclude),
      isLocal: true,
    });
    const call = { message, from, isForwarded: true };
    poll.startSpan = trace && (() => trace.startPoll(call));
    return poll;
  }

  countLocal(target: CountTarget): number {
    return countConnections(this.#host.directory, target);
  }

  disconnectLocal(id: string, close: CloseWith): number {
    return disconnectId(this.#host.directory, id, close);
  }

  openRoster(): Roster {
    return this.#host.openRoster();
  }

  report(error: unknown, event: string): void {
    this.#host.report(error, { event });
  }
}

/** Counts the connections of a server, or those in a namespace or room. */
export function countConnections(
  directory: ServerDirectory,
  { namespace, room = "" }: CountTarget,
): number {
  return namespace === undefined && room === ""
    ? directory.size
    // As for a message, a room without a namespace is one of the empty one.
    : directory.find(namespace ?? "", room).size;
}

/** Closes the connections of a server with an ID, and counts them. */
export function disconnectId(
  directory: ServerDirectory,
  id: string,
  { code, reason }: CloseWith,
): number {
  let count = 0;
  for (const conn of [...directory.findId(id)]) {
    if (conn.isClosed) continue;
    conn.close(code, reason);
    count++;
  }
  return count;
}
