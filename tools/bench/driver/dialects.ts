/** The protocols of the servers, as far as the load needs them. */

/** What the driver sends, and what it must receive for it, byte for byte. */
export interface Exchange {
  readonly request: string;
  readonly reply: string;
}

/** A step of a handshake: what is sent, if anything, and how the answer begins. */
export interface Step {
  readonly request?: string;
  readonly reply: string;
}

/** A protocol. */
export interface Dialect {
  /** The target of the upgrade. */
  readonly path: string;
  /** What comes before the first message. */
  readonly steps: readonly Step[];
  /** A message that comes back to its sender alone. */
  echo(text: string): Exchange;
  /** A message that goes to all. */
  shout(text: string): Exchange;
  /** A message that goes to all ten times, from one turn of the event loop. */
  burst(text: string): Exchange;
  /** A heartbeat as a message, and its answer. */
  readonly heartbeat?: Exchange;
}

/** Makes an exchange whose reply is the request itself. */
function same(request: string): Exchange {
  return { request, reply: request };
}

/** This module, Go's neffos, and bare servers that do the same work. */
const neffos: Dialect = {
  path: "/",
  steps: [
    { request: "M", reply: "A" },
    { request: "$1;default;;_OnNamespaceConnect;0;0;", reply: "$1;" },
  ],
  echo: (text) => same(`;default;;onEcho;0;0;${text}`),
  shout: (text) => same(`;default;;onShout;0;0;${text}`),
  burst: (text) => same(`;default;;onBurst;0;0;${text}`),
};

/** Socket.IO 5 on Engine.IO 4, by websocket alone. */
const socketIO: Dialect = {
  path: "/socket.io/?EIO=4&transport=websocket",
  steps: [{ reply: "0{" }, { request: "40", reply: "40{" }],
  echo: (text) => same(`42["echo","${text}"]`),
  shout: (text) => same(`42["shout","${text}"]`),
  burst: (text) => same(`42["burst","${text}"]`),
  heartbeat: { request: "2", reply: "3" },
};

/** The messages of NestJS over ws. */
const nest: Dialect = {
  path: "/",
  steps: [],
  echo: (text) => same(`{"event":"echo","data":"${text}"}`),
  shout: (text) => same(`{"event":"shout","data":"${text}"}`),
  burst: (text) => same(`{"event":"burst","data":"${text}"}`),
};

/** The protocols by their names. */
export const DIALECTS = { neffos, "socket.io": socketIO, nest } as const;

/** The name of a protocol. */
export type DialectName = keyof typeof DIALECTS;
