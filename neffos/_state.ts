import type { CompiledEvents, HandlerState } from "./_compile.ts";
import type { Core } from "./_core.ts";
import { encodeScope } from "./codec.ts";
import type { Binding } from "./events.ts";
import type { Message } from "./message.ts";
import { NSConn } from "./ns_conn.ts";
import type { Room } from "./room.ts";
import type { Socket } from "./socket.ts";

/** A join that the other side was asked for. */
export interface Joining {
  readonly promise: Promise<Room>;
  /** Messages that came before the answer, which is sent last. */
  readonly held: Message[];
}

/** A connection inside one namespace, as this module itself sees it. */
export class NSState implements HandlerState {
  readonly core: Core;
  readonly socket: Socket;
  readonly namespace: string;
  readonly events: CompiledEvents;
  /** The part of its frames that never changes. */
  readonly scope: string;
  readonly nsConn: NSConn;
  readonly rooms: Map<string, Room> = new Map();
  readonly bindings: Binding[] = [];
  /** Messages that came before the namespace was connected. */
  held: Message[] = [];
  /** Joins under way, by room. */
  readonly joining: Map<string, Joining> = new Map();
  status: "connecting" | "connected" | "left" = "connecting";
  /** Set where this side asked to connect. */
  connecting: Promise<NSConn> | undefined;

  constructor(core: Core, namespace: string, events: CompiledEvents) {
    this.core = core;
    this.socket = core.socket;
    this.namespace = namespace;
    this.events = events;
    this.scope = encodeScope(namespace, "");
    this.nsConn = new NSConn(this);
  }
}
