import { NSConn } from "../api/ns_conn.ts";
import type { UntypedNSConn, UntypedRoom } from "../api/untyped.ts";
import type { CompiledEvents } from "../controller/compile.ts";
import type { Binding } from "../controller/events.ts";
import type { HandlerState } from "../controller/middleware.ts";
import { encodeRoute } from "../protocol/codec.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import type { Socket } from "../transport/socket.ts";
import type { Deferred } from "../util/deferred.ts";
import { SparseMap } from "../util/sparse_map.ts";
import type { Core } from "./session.ts";

/** A join that the other side was asked for. */
export interface Joining {
  readonly promise: Promise<UntypedRoom>;
  /** Messages that came before the answer, which is sent last. */
  readonly held: Message[];
}

/** A room that is being left. */
export interface Leaving {
  /** Who waits for it, unless its hooks are being told. */
  promise: Promise<void> | undefined;
  /** The other side has it joined again meanwhile. */
  isJoinedAgain: boolean;
}

/** Frames that wait for a client to come back. */
export interface Outbox {
  readonly frames: RawBody[];
  /** How many may wait. */
  readonly max: number;
}

/** A namespace, and its rooms, that were left since the socket was lost. */
export interface Left {
  readonly state: NSState;
  readonly rooms: readonly UntypedRoom[];
}

/** A connection inside one namespace, as this module itself sees it. */
export class NSState implements HandlerState {
  /** The connection; a client that comes back has another one. */
  core: Core;
  socket: Socket;
  readonly namespace: string;
  readonly events: CompiledEvents;
  /** The part of its frames that never changes. */
  readonly scope: string;
  readonly nsConn: UntypedNSConn;
  readonly rooms: Map<string, UntypedRoom> = new Map();
  bindings: Binding[] = [];
  /** Messages that came before the namespace was connected. */
  held: Message[] = [];
  /** Joins under way, by room. */
  readonly joining: SparseMap<string, Joining> = new SparseMap();
  status: "connecting" | "connected" | "left" = "connecting";
  /** This side has asked to connect, and its own hook lets it. */
  isAgreed = false;
  /** The other side has asked meanwhile, and was let in. */
  isGranted = false;
  /** It is about to be left: no room is joined any more. */
  isLeaving = false;
  /** OnNamespaceDisconnect has been fired, as a question. */
  isToldToLeave = false;
  /** Who waits for the attempt to connect that is under way. */
  entering: Deferred<UntypedNSConn> | undefined;
  /** Leaves that this side has asked for, or tells its hooks of. */
  readonly leaving: SparseMap<string, Leaving> = new SparseMap();
  /** Rooms whose hooks are asked, and the messages that wait for them. */
  readonly answering: SparseMap<string, Message[]> = new SparseMap();
  /** What is sent while a client is coming back; see `ReconnectOptions`. */
  outbox: Outbox | undefined;

  constructor(core: Core, namespace: string, events: CompiledEvents) {
    this.core = core;
    this.socket = core.socket;
    this.namespace = namespace;
    this.events = events;
    this.scope = encodeRoute(namespace, "");
    this.nsConn = new NSConn(this);
  }

  /** Goes on with another connection, on which it is not connected yet. */
  revive(core: Core): void {
    this.core = core;
    this.socket = core.socket;
    this.status = "connecting";
    this.isAgreed = false;
    this.isGranted = false;
    this.isLeaving = false;
    this.isToldToLeave = false;
    this.entering = undefined;
  }

  report(error: unknown, event: string): void {
    this.core.report(error, { namespace: this.namespace, event });
  }

  /** Keeps a frame for later, where that was asked for. */
  keep(frame: RawBody): boolean {
    const { outbox } = this;
    if (outbox === undefined || outbox.frames.length >= outbox.max) {
      return false;
    }
    outbox.frames.push(frame);
    return true;
  }
}
