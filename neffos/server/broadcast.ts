import { Conn, portOf } from "../api/conn.ts";
import { NSConn } from "../api/ns_conn.ts";
import { Room } from "../api/room.ts";
import type { Except } from "../api/server_api.ts";
import type { BodyCodec } from "../protocol/body.ts";
import { encodeOnce } from "../protocol/codec.ts";
import {
  Exclude,
  type Message,
  type MessageInit,
  type RawBody,
  toMessage,
} from "../protocol/message.ts";
import type { Tracing } from "../connection/tracing.ts";
import type { TurnTracer } from "../connection/turn_queue.ts";
import { CHUNK, type ChunkedBroadcasts } from "./chunked_broadcasts.ts";
import type { Members, ServerDirectory } from "./directory.ts";

/** What a broadcast needs of its server. */
export interface BroadcastHost {
  readonly directory: ServerDirectory;
  readonly tracer: TurnTracer;
  readonly broadcasts: ChunkedBroadcasts;
  readonly drops: { volatile: number };
  readonly codec: BodyCodec | undefined;
  readonly trace: Tracing | undefined;
  /** The other servers, where there are any. */
  readonly cluster:
    | {
      publish(
        message: Message,
        except: string[],
        sent: { frame?: RawBody | undefined; context?: string | undefined },
      ): void;
    }
    | undefined;
}

/** The receivers of a message in one of its rooms, or in its namespace. */
interface Group {
  /** The room, empty for the namespace. */
  readonly room: string;
  readonly members: Members;
  /** The connection that is leaving, which gets nothing that its hook sends. */
  readonly leaver: object | undefined;
}

const NOBODY: ReadonlySet<Conn> = new Set();

/** Sends messages to all that are in their namespaces and rooms, in order. */
export function broadcast(
  host: BroadcastHost,
  except: Except | readonly Except[],
  inits: readonly (Message | MessageInit)[],
): void {
  const { directory, codec, cluster, trace } = host;
  const excluded = findExcluded(directory, except);
  // All of them, so that a body that cannot be sent stops none half way.
  for (const message of inits.map((init) => toMessage(init, codec))) {
    const send = (context?: string) => {
      const frame = sendToReceivers(host, message, { excluded, context });
      cluster?.publish(message, findExcludedIds(except), { frame, context });
    };
    if (trace === undefined) send();
    else trace.broadcast({ message }, send);
  }
}

/** Options of {@linkcode sendToReceivers}. */
interface SendOptions {
  readonly excluded: ReadonlySet<Conn>;
  /** The frame, if the message is encoded already, for one room at most. */
  readonly frame?: RawBody | undefined;
  /** The context of a trace, for the receivers that read it. */
  readonly context?: string | undefined;
}

/**
 * Sends a message to the connections of this server.
 *
 * @returns The frame that they have got, if it is one for all.
 */
export function sendToReceivers(
  host: BroadcastHost,
  message: Message,
  { excluded, frame, context }: SendOptions,
): RawBody | undefined {
  const { broadcasts, drops, trace } = host;
  const { isVolatile } = message;
  let budget = broadcasts.isEmpty ? CHUNK : 0;
  const groups = findReceivers(host, message);
  let last = frame;
  for (const { room, members, leaver } of groups) {
    if (members.size === 0) continue;
    const isPart = leaver !== undefined || excluded.size > 0;
    last = frame ?? encodeOnce(message, room, members.size);
    const traced = context && trace?.write(last, context);
    for (const member of members.values()) {
      const { buffer, conn } = member;
      if (isPart && (conn === leaver || excluded.has(conn))) continue;
      const sent = traced && trace!.canSendTo(portOf(conn)) ? traced : last;
      if (isVolatile && buffer.isBackedUp) drops.volatile++;
      else if (budget-- > 0) buffer.send(sent);
      else broadcasts.add(buffer, sent);
    }
  }
  return groups.length === 1 ? last : undefined;
}

/** Finds the receivers of a message: each connection once. */
export function findReceivers(
  { directory, tracer }: Pick<BroadcastHost, "directory" | "tracer">,
  { namespace, room, rooms, to }: Message,
): Group[] {
  const leaving = tracer.getStore()?.leaver;
  const leaverOf = (room: string) => {
    const isLeft = leaving?.namespace === namespace &&
      (leaving.room === "" || leaving.room === room);
    return isLeft ? leaving.conn : undefined;
  };
  if (rooms === undefined && to === "") {
    const members = directory.find(namespace, room);
    return [{ room, members, leaver: leaverOf(room) }];
  }
  const known = new Set<Conn>();
  return [...rooms ?? [room]].map((room) => {
    const all = directory.find(namespace, room);
    const leaver = leaverOf(room);
    const members = new Map();
    for (const conn of to === "" ? all.keys() : directory.findId(to)) {
      const member = all.get(conn);
      if (member === undefined || known.has(conn) || conn === leaver) continue;
      known.add(conn);
      members.set(conn, member);
    }
    return { room, members, leaver };
  });
}

/**
 * Finds the connections to leave out.
 *
 * @throws {TypeError} When it is neither a connection nor an ID to exclude.
 */
export function findExcluded(
  directory: ServerDirectory,
  except: Except | readonly Except[],
): ReadonlySet<Conn> {
  if (except === null || except === undefined) return NOBODY;
  const all = Array.isArray(except) ? except : [except];
  if (all.length === 0) return NOBODY;
  const excluded = new Set<Conn>();
  for (const each of all) {
    if (each instanceof Exclude) {
      for (const conn of directory.findId(each.id)) excluded.add(conn);
    } else if (each !== null && each !== undefined) {
      excluded.add(toConn(each));
    }
  }
  return excluded;
}

/** Finds the IDs to leave out: their connections may be on any server. */
export function findExcludedIds(except: Except | readonly Except[]): string[] {
  if (except === null || except === undefined) return [];
  return (Array.isArray(except) ? except : [except])
    .filter((each) => each instanceof Exclude).map(({ id }) => id);
}

function toConn(except: unknown): Conn {
  if (except instanceof Room) return except.nsConn.conn;
  if (except instanceof NSConn) return except.conn;
  if (except instanceof Conn) return except;
  const type = typeof except;
  throw new TypeError(
    `Cannot leave out a value of type "${type}": it must be a connection, exclude(id), an array of these, or null`,
  );
}
