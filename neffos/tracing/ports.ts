import type { AskOptions, EntryOptions } from "../api/ask_options.ts";
import type { Conn } from "../api/conn.ts";
import {
  attachNSConn,
  type NamespacePort,
  type UntypedNSConn,
} from "../api/ns_conn.ts";
import { attachRoom, type RoomPort, type UntypedRoom } from "../api/room.ts";
import type { Stay } from "../connection/stay.ts";
import { encodeBody } from "../protocol/body.ts";
import { encodeEvent, encodeRoute } from "../protocol/codec.ts";
import { assertName } from "../protocol/errors.ts";
import {
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomJoin,
  OnRoomLeave,
} from "../protocol/event_names.ts";
import type { RawBody, UntypedMessage } from "../protocol/message.ts";
import { type OtelSpan, writeTraceparent } from "./otel.ts";
import type { Spans } from "./spans.ts";
import { wireOf, writeContext } from "./wire.ts";

/** A room of a stay, as its record. */
type Membership = NonNullable<ReturnType<Stay["find"]>>;

/** Lets the calls of a handle pass through spans, for one stay. */
export function traceCalls(stay: Stay, spans: Spans): void {
  attachNSConn(stay.nsConn, new TracedNamespace(stay, spans));
}

/** The port of an `NSConn` whose calls are traced. */
class TracedNamespace implements NamespacePort {
  readonly #stay: Stay;
  readonly #calls: Calls;

  constructor(stay: Stay, spans: Spans) {
    this.#stay = stay;
    this.#calls = new Calls(stay, spans);
  }

  get conn(): Conn {
    return this.#stay.conn;
  }

  get namespace(): string {
    return this.#stay.namespace;
  }

  get isConnected(): boolean {
    return this.#stay.isConnected;
  }

  get rooms(): UntypedRoom[] {
    return this.#stay.rooms.map((room) => this.#trace(room));
  }

  findRoom(name: string): UntypedRoom | undefined {
    const room = this.#stay.findRoom(name);
    return room && this.#trace(room);
  }

  emit(event: string, body: unknown): boolean {
    return this.#stay.isConnected
      ? this.#calls.emit("", event, body)
      : this.#stay.emit(event, body);
  }

  ask(
    event: string,
    body: unknown,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage> {
    const { isIn } = this.#stay;
    return this.#calls.ask("", event, body, { ...options, isIn });
  }

  joinRoom(name: string, options: EntryOptions): Promise<UntypedRoom> {
    return this.#calls.call(
      name,
      OnRoomJoin,
      async () => this.#trace(await this.#stay.joinRoom(name, options)),
    );
  }

  leaveAll(options: AskOptions): Promise<void> {
    return this.#stay.leaveAll(options);
  }

  disconnect(options: AskOptions): Promise<void> {
    return this.#calls.call(
      "",
      OnNamespaceDisconnect,
      () => this.#stay.disconnect(options),
    );
  }

  #trace(room: UntypedRoom): UntypedRoom {
    const membership = this.#stay.find(room.name);
    if (membership?.handle === room) {
      attachRoom(room, new TracedRoom(membership, this.#calls));
    }
    return room;
  }
}

/** The port of a `Room` whose calls are traced. */
class TracedRoom implements RoomPort {
  readonly #membership: Membership;
  readonly #calls: Calls;

  constructor(membership: Membership, calls: Calls) {
    this.#membership = membership;
    this.#calls = calls;
  }

  get name(): string {
    return this.#membership.name;
  }

  get nsConn(): UntypedNSConn {
    return this.#membership.nsConn;
  }

  get isJoined(): boolean {
    return this.#membership.isJoined;
  }

  emit(event: string, body: unknown): boolean {
    return this.isJoined
      ? this.#calls.emit(this.name, event, body)
      : this.#membership.emit(event, body);
  }

  ask(
    event: string,
    body: unknown,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage> {
    const { isJoined: isIn } = this;
    return this.#calls.ask(this.name, event, body, { ...options, isIn });
  }

  leave(options: AskOptions): Promise<void> {
    return this.#calls.call(
      this.name,
      OnRoomLeave,
      () => this.#membership.leave(options),
    );
  }
}

/** The calls of the handles of one stay. */
class Calls {
  readonly #stay: Stay;
  readonly #spans: Spans;

  constructor(stay: Stay, spans: Spans) {
    this.#stay = stay;
    this.#spans = spans;
  }

  emit(room: string, event: string, body: unknown): boolean {
    const stay = this.#stay;
    const { namespace, link: { host } } = stay;
    const isNative = event === OnNativeMessage && room === "" &&
      namespace === "";
    if (isNative) return stay.emit(event, body);
    assertName("event", event);
    const encoded = encodeBody(body, host.codec);
    return this.#spans.run(
      { namespace, room, event },
      { kind: "producer", operation: "send" },
      (span) => {
        const route = encodeRoute(namespace, room);
        const frame = encodeEvent("", route, event, encoded);
        return this.#send(room, frame, { span, isAsk: false });
      },
    );
  }

  ask(
    room: string,
    event: string,
    body: unknown,
    options: AskOptions & { readonly isIn: boolean },
  ): Promise<UntypedMessage> {
    return this.call(room, event, (span) => {
      const sendFrame = (frame: RawBody) =>
        void this.#send(room, frame, { span, isAsk: true });
      const asked = { ...options, sendFrame };
      return this.#stay.askEncoded(room, event, body, asked);
    });
  }

  /** Traces a call that the peer answers. */
  call<T>(
    room: string,
    event: string,
    code: (span: OtelSpan) => Promise<T>,
  ): Promise<T> {
    const { namespace } = this.#stay;
    return this.#spans.run(
      { namespace, room, event },
      { kind: "client" },
      code,
    );
  }

  #send(
    room: string,
    frame: RawBody,
    { span, isAsk }: { readonly span: OtelSpan; readonly isAsk: boolean },
  ): boolean {
    const { namespace, link } = this.#stay;
    // What waits may go to another server, after the connection is lost.
    const mayMove = !isAsk && link.host.goal?.isHolding(namespace) === true;
    const context = wireOf(link)?.isRead && !mayMove
      ? writeTraceparent(span)
      : undefined;
    return this.#stay.sendInOrder({
      room,
      frame: context === undefined ? frame : writeContext(frame, context),
      isAsk,
    });
  }
}
