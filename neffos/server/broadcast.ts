import type { Conn } from "../api/conn.ts";
import { NSConn } from "../api/ns_conn.ts";
import { Room } from "../api/room.ts";
import type { Except } from "../api/server_api.ts";
import { encodeOnce } from "../protocol/codec.ts";
import { Exclude, Message, type MessageInit } from "../protocol/message.ts";
import type { SendBuffer } from "../transport/send_buffer.ts";
import { CHUNK, type ChunkedBroadcasts } from "./chunked_broadcasts.ts";
import type { ServerDirectory } from "./directory.ts";

/** What a broadcast needs of its server. */
export interface BroadcastHost {
  readonly directory: ServerDirectory;
  readonly broadcasts: ChunkedBroadcasts;
  readonly drops: { volatile: number };
}

/** Sends messages to all that are in their namespaces and rooms, in order. */
export function broadcast(
  { directory, broadcasts, drops }: BroadcastHost,
  except: Except,
  messages: readonly (Message | MessageInit)[],
): void {
  const excludedId = except instanceof Exclude ? except.id : undefined;
  const excluded = except instanceof Exclude ? undefined : toConn(except);
  for (const init of messages) {
    const message = init instanceof Message ? init : new Message(init);
    const { namespace, room, to, isVolatile } = message;
    const receivers = directory.find(namespace, room);
    const frame = encodeOnce({ ...message, wait: "" }, receivers.size);
    const chosen: SendBuffer[] = [];
    const isAtOnce = receivers.size <= CHUNK && broadcasts.isEmpty;
    for (const [conn, { buffer }] of receivers) {
      if (conn === excluded) continue;
      if (excludedId !== undefined && conn.id === excludedId) continue;
      if (to !== "" && conn.id !== to) continue;
      if (isVolatile && buffer.isBackedUp) drops.volatile++;
      else if (isAtOnce) buffer.send(frame);
      else chosen.push(buffer);
    }
    if (!isAtOnce) broadcasts.send(frame, chosen);
  }
}

function toConn(
  except: Conn | NSConn | Room | null | undefined,
): Conn | undefined {
  if (except instanceof Room) return except.nsConn.conn;
  return except instanceof NSConn ? except.conn : except ?? undefined;
}
