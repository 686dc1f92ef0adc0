import { EventError, type Message, NSConn, type Presence } from "@neffos/mvc";
import { readText } from "../_shared/read_text.ts";
import { Boards, type Stroke } from "./boards.ts";

/** The events that the server sends, with their bodies. */
export interface BoardEvents {
  /** All that has been drawn. */
  onBoard: readonly Stroke[];
  onDraw: Stroke;
  onUndo: string;
  /** The name of the person who has cleared the board. */
  onClear: string;
  onCursor: { readonly id: string; readonly place: readonly number[] };
  onPeople: readonly { readonly id: string; readonly name: string }[];
}

/** The most people at a board: each is told of all of them. */
const MAX_PEOPLE = 50;

/** A page at a board, which is a room. */
export class BoardController {
  static readonly namespace = "board";
  static readonly inject = [NSConn, Boards] as const;
  /** What the page knows its strokes by, also after a loss. */
  #key = "";
  #name = "";
  #presence: Presence | undefined;

  constructor(readonly nsConn: NSConn<BoardEvents>, readonly boards: Boards) {}

  onNamespaceConnect(msg: Message<{ key: string; name: string }>) {
    const { key, name } = Object(msg.json());
    this.#key = readText("A key", key, 50);
    this.#name = readText("A name", name, 30);
  }

  onRoomJoin({ namespace, room }: Message) {
    readText("The name of a board", room, 50);
    const { rooms, server } = this.nsConn;
    if (rooms.length > 0) throw new EventError("One at a time");
    if (server.room(namespace, room).length >= MAX_PEOPLE) {
      throw new EventError("This board is full");
    }
  }

  onRoomJoined({ namespace, room }: Message) {
    const onPeople = () => this.#tellPeople();
    const events = { onJoin: onPeople, onLeave: onPeople, onUpdate: onPeople };
    this.#presence = this.nsConn.server.presence(namespace, room, events);
    this.#presence.set(this.nsConn, this.#name);
    this.nsConn.room(room)?.emit("onBoard", this.boards.list(room));
  }

  onRoomLeft() {
    this.#presence?.close();
  }

  onDraw(msg: Message<Stroke>) {
    const room = this.#roomOf(msg);
    const part = readStroke(Object(msg.json()));
    if (this.boards.hasRemoved(part.id)) {
      room.emit("onUndo", part.id);
      return;
    }
    const removed = this.boards.draw(room.name, this.#key, part);
    if (removed === undefined) return;
    room.broadcastOthers("onDraw", part);
    for (const id of removed) room.broadcast("onUndo", id);
  }

  onUndo(msg: Message<string>) {
    const room = this.#roomOf(msg);
    const isGone = this.boards.undo(room.name, this.#key, msg.text());
    if (isGone) room.broadcastOthers("onUndo", msg.text());
  }

  onClear(msg: Message) {
    const room = this.#roomOf(msg);
    this.boards.clear(room.name);
    room.broadcast("onClear", this.#name);
  }

  /** The next position replaces this one, so a slow reader may miss it. */
  onCursor(msg: Message<readonly number[]>) {
    const place = readPoints(msg.json());
    const cursor = { id: this.nsConn.id, place: place.slice(0, 2) };
    this.#roomOf(msg).volatile.broadcastOthers("onCursor", cursor);
  }

  #roomOf(msg: Message) {
    const room = this.nsConn.room(msg.room);
    if (room === undefined) throw new EventError("Join a board first");
    return room;
  }

  #tellPeople() {
    const entries = this.#presence?.list() ?? [];
    const people = entries.map(({ id, data }) => ({
      id,
      name: `${data ?? ""}`,
    }));
    this.nsConn.emit("onPeople", people);
  }
}

/** Reads a part of a stroke of a page, which may have sent anything. */
function readStroke({ id, pen, from, points }: Partial<Stroke>): Stroke {
  const [ownPen, start] = readPoints([pen, from]) as [number, number];
  if (start % 2 !== 0) throw new EventError("A part must begin with a point");
  return {
    id: readText("An ID", id, 50),
    pen: ownPen % 5,
    from: start,
    points: readPoints(points),
  };
}

function readPoints(value: unknown): number[] {
  const isList = Array.isArray(value) && value.length <= 4_000 &&
    value.length > 0 && value.length % 2 === 0 &&
    value.every((n) => Number.isInteger(n) && n >= 0 && n <= 4_000);
  if (isList) return value;
  throw new EventError("Points must be pairs of whole numbers from 0 to 4,000");
}
