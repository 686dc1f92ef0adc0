/** A websocket in the namespace of the cluster tools. */

import { SoakFailure } from "../soak/failure.ts";
import { NAMESPACE } from "./frames.ts";

/**
 * Connects to the namespace, and joins rooms.
 *
 * @throws {SoakFailure} When the connection ends before.
 */
export async function openPerson(
  url: string,
  rooms: readonly string[] = [],
): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await next(socket, "open");
  const joins = rooms.map((room, i) =>
    `$${i + 2};${NAMESPACE};${room};_OnRoomJoin;0;0;`
  );
  const connect = `$1;${NAMESPACE};;_OnNamespaceConnect;0;0;`;
  for (const frame of ["M", connect, ...joins]) {
    socket.send(frame);
    await next(socket, "message");
  }
  return socket;
}

function next(socket: WebSocket, type: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.onclose = () => reject(new SoakFailure("a connection was refused"));
    socket.onerror = (event) => event.preventDefault();
    socket.addEventListener(type, resolve, { once: true });
  });
}
