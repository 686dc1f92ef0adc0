/** The frames of the soak, for its clients and the bare server. */

export const NAMESPACE = "soak";
export const CONNECT = `$1;${NAMESPACE};;_OnNamespaceConnect;0;0;`;

/** The start of a broadcast to all, followed by a number. */
export const ALL = `;${NAMESPACE};;onAll;0;0;`;

/** The start of a broadcast to a room, followed by a number. */
export function roomHead(room: string): string {
  return `;${NAMESPACE};${room};onRoom;0;0;`;
}

export function joinFrame(room: string): string {
  return `$2;${NAMESPACE};${room};_OnRoomJoin;0;0;`;
}

/** The events that the server answers with the same frame. */
export type EchoEvent = "onAsk" | "onLater" | "onEmit";

export function echoFrame(event: EchoEvent, body: string): string {
  const wait = event === "onEmit" ? "" : `$${body}`;
  return `${wait};${NAMESPACE};;${event};0;0;${body}`;
}
