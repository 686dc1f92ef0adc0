import { type Conn, coreOf } from "../api/conn.ts";
import { NSConn } from "../api/ns_conn.ts";
import { Room } from "../api/room.ts";
import type { Except } from "../api/server_api.ts";
import { encodeOnce } from "../protocol/codec.ts";
import {
  Exclude,
  Message,
  type MessageInit,
  type RawBody,
} from "../protocol/message.ts";
import type { Outlet } from "../transport/send_buffer.ts";
import type { Socket } from "../transport/socket.ts";
import { CHUNK } from "./backlog.ts";
import type { Members } from "./directory.ts";
import type { ServerHost } from "./host.ts";

/** Sends messages to all who are in their namespaces and rooms, in order. */
export function broadcast(
  host: ServerHost,
  except: Except,
  messages: readonly (Message | MessageInit)[],
): void {
  const isById = except instanceof Exclude;
  const conn = isById ? undefined : connOf(except);
  const skipped = conn && coreOf(conn).socket;
  for (const init of messages) {
    const message = init instanceof Message ? init : new Message(init);
    const receivers = host.index.find(message.namespace, message.room);
    const frame = encodeOnce({ ...message, wait: "" }, receivers.size);
    const isToAll = message.to === "" && !isById && !message.isVolatile;
    if (isToAll && receivers.size <= CHUNK && host.backlog.isEmpty) {
      sendToAll(host, frame, { receivers, skipped });
      continue;
    }
    const excludedId = isById ? except.id : undefined;
    const outlets = choose(host, message, { receivers, skipped, excludedId });
    host.backlog.send(frame, outlets);
  }
}

interface Choice {
  readonly receivers: Members;
  readonly skipped: Socket | undefined;
}

/** Looks at nothing but the sockets: all else has long left the caches. */
function sendToAll(
  { traffic }: ServerHost,
  frame: RawBody,
  { receivers, skipped }: Choice,
): void {
  let sent = 0;
  for (const socket of receivers.keys()) {
    if (socket !== skipped && socket.send(frame)) sent++;
  }
  traffic.countOut(sent, frame.length);
  receivers.count(frame.length, skipped);
}

function choose(
  { drops }: ServerHost,
  { to, isVolatile }: Message,
  { receivers, skipped, excludedId }: Choice & {
    excludedId?: string | undefined;
  },
): Outlet[] {
  const chosen: Outlet[] = [];
  for (const [socket, { core: { id, outlet } }] of receivers) {
    if (socket === skipped || id === excludedId) continue;
    if (to !== "" && id !== to) continue;
    if (isVolatile && outlet.isBehind) drops.volatile++;
    else chosen.push(outlet);
  }
  return chosen;
}

function connOf(except: Conn | NSConn | Room | null | undefined) {
  if (except instanceof Room) return except.nsConn.conn;
  return except instanceof NSConn ? except.conn : except ?? undefined;
}
