import { assertEquals, assertStrictEquals } from "@std/assert";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import type { UntypedRoom } from "../api/room.ts";
import { EventError } from "../protocol/errors.ts";
import type { RawBody } from "../protocol/message.ts";
import { Goal } from "./goal.ts";

// A goal keeps handles and looks at nothing but the name of a room.
function nsConnOf(namespace: string): UntypedNSConn {
  return { namespace } as UntypedNSConn;
}
function roomOf(name: string): UntypedRoom {
  return { name } as UntypedRoom;
}

/** A goal, and what it has reported and sent. */
class Subject {
  readonly goal: Goal;
  readonly reported: string[] = [];
  readonly sent: string[] = [];
  readonly sender = {
    sendKept: (room: string, frame: RawBody) =>
      void this.sent.push(`${room}: ${frame}`),
  };

  constructor(maxKept = 10) {
    this.goal = new Goal({
      maxKept,
      onRefused: (error, namespace, room) =>
        void this.reported.push(
          `${(error as Error).message} ${namespace}/${room}`,
        ),
    });
  }

  /** A goal with a namespace and its rooms, all asked for by this side. */
  static having(namespace: string, ...rooms: string[]): Subject {
    const subject = new Subject();
    subject.lose(namespace, ...rooms);
    return subject;
  }

  lose(namespace: string, ...rooms: string[]): void {
    this.goal.addNamespace(namespace, nsConnOf(namespace), true);
    for (const room of rooms) this.goal.addRoom(namespace, roomOf(room), true);
  }

  keep(namespace: string, room: string, ...frames: string[]): boolean[] {
    return frames.map((frame) => this.goal.keep(namespace, room, frame));
  }
}

Deno.test("Goal has what was added: namespaces, their rooms, and whose they are", () => {
  const { goal } = new Subject();
  const chat = nsConnOf("chat");
  const lobby = roomOf("lobby");
  goal.addNamespace("chat", chat, true);
  goal.addNamespace("news", nsConnOf("news"), false);
  goal.addRoom("chat", lobby, false);
  goal.addRoom("chat", roomOf("attic"), true);
  assertEquals(goal.namespaces, ["chat", "news"]);
  assertEquals(goal.rooms("chat"), ["lobby", "attic"]);
  assertEquals(goal.rooms("news"), []);
  assertEquals(goal.rooms("other"), []);
  assertEquals(
    [["chat", ""], ["chat", "lobby"], ["news", ""], ["news", "lobby"], [
      "other",
      "",
    ]].map(([namespace, room]) => goal.has(namespace!, room!)),
    [true, true, true, false, false],
  );
  assertEquals(
    [["chat", ""], ["chat", "lobby"], ["chat", "attic"], ["news", ""], [
      "other",
      "",
    ]].map(([namespace, room]) => goal.isOwn(namespace!, room!)),
    [true, false, true, false, false],
  );
  assertStrictEquals(goal.findNSConn("chat"), chat);
  assertStrictEquals(goal.findRoom("chat", "lobby"), lobby);
  assertEquals(goal.findNSConn("other"), undefined);
  assertEquals(goal.findRoom("news", "lobby"), undefined);
});

Deno.test("Goal does not take a room whose namespace is not in it", () => {
  const { goal } = new Subject();
  goal.addRoom("chat", roomOf("lobby"), true);
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], []]);
});

Deno.test("Goal keeps what a second loss finds on its way in", () => {
  const subject = Subject.having("chat", "a", "b");
  const { goal } = subject;
  const chat = goal.findNSConn("chat");
  subject.keep("chat", "", "kept");
  goal.enterNamespace("chat", subject.sender);
  goal.enterRoom("chat", "a");
  assertEquals([goal.has("chat", ""), goal.rooms("chat")], [false, ["b"]]);
  // Lost again: the room that was in comes after the one that was not.
  goal.addNamespace("chat", nsConnOf("chat"), true);
  goal.addRoom("chat", roomOf("a"), true);
  assertEquals([goal.has("chat", ""), goal.rooms("chat")], [true, ["b", "a"]]);
  assertStrictEquals(goal.findNSConn("chat"), chat);
  assertEquals(subject.sent, []);
  goal.enterNamespace("chat", subject.sender);
  goal.enterRoom("chat", "b");
  goal.enterRoom("chat", "a");
  assertEquals(subject.sent, [": kept"]);
});

Deno.test("Goal.addRoom() puts a room that is known behind the others", () => {
  const { goal } = Subject.having("chat", "a", "b");
  const again = roomOf("a");
  goal.addRoom("chat", again, true);
  assertEquals(goal.rooms("chat"), ["b", "a"]);
  assertStrictEquals(goal.findRoom("chat", "a"), again);
});

Deno.test("Goal.forget() takes a name out once, a namespace with its rooms", () => {
  const { goal } = Subject.having("chat", "a", "b");
  assertEquals(goal.forget("chat", "a"), true);
  assertEquals(goal.forget("chat", "a"), false);
  assertEquals(goal.rooms("chat"), ["b"]);
  assertEquals(goal.forget("chat", ""), true);
  assertEquals(goal.forget("chat", ""), false);
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], []]);
});

Deno.test("Goal.forget() leaves a namespace alone that is in again", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  goal.enterNamespace("chat", subject.sender);
  assertEquals(goal.forget("chat", ""), false);
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], ["a"]]);
});

Deno.test("Goal.forgetRooms() takes the rooms out, and no others", () => {
  const subject = Subject.having("chat", "a", "b");
  const { goal } = subject;
  subject.lose("news", "a");
  goal.forgetRooms("chat");
  goal.forgetRooms("other");
  assertEquals([goal.rooms("chat"), goal.rooms("news")], [[], ["a"]]);
  assertEquals(goal.namespaces, ["chat", "news"]);
});

Deno.test("Goal.drop() takes a namespace out that is in, with what was kept", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  subject.keep("chat", "", "kept");
  goal.enterNamespace("chat", subject.sender);
  goal.drop("chat");
  assertEquals([goal.rooms("chat"), goal.findNSConn("chat")], [[], undefined]);
  goal.enterRoom("chat", "a");
  assertEquals(subject.sent, []);
});

Deno.test("Goal sends what was kept in order, once the last room is in", () => {
  const subject = Subject.having("chat", "a", "b");
  const { goal } = subject;
  subject.keep("chat", "a", "1");
  subject.keep("chat", "", "2");
  subject.keep("chat", "b", "3");
  assertEquals(goal.isHolding("chat"), false);
  goal.enterNamespace("chat", subject.sender);
  // What is sent now comes after what was kept.
  assertEquals(goal.isHolding("chat"), true);
  goal.hold("chat", { room: "", frame: "4", isAsk: false });
  goal.enterRoom("chat", "b");
  goal.enterRoom("chat", "b");
  assertEquals(subject.sent, []);
  goal.enterRoom("chat", "a");
  assertEquals(subject.sent, ["a: 1", ": 2", "b: 3", ": 4"]);
  assertEquals([goal.isHolding("chat"), goal.rooms("chat")], [false, []]);
  assertEquals(subject.keep("chat", "", "5"), [false]);
});

Deno.test("Goal sends what was kept for a namespace without rooms at once", () => {
  const subject = Subject.having("chat");
  subject.keep("chat", "", "1", "2");
  subject.goal.enterNamespace("chat", subject.sender);
  assertEquals(subject.sent, [": 1", ": 2"]);
  assertEquals(subject.goal.findNSConn("chat"), undefined);
});

for (const end of ["forget", "refuse"] as const) {
  Deno.test(`Goal sends what was kept when the last room ends by ${end}()`, () => {
    const subject = Subject.having("chat", "a");
    const { goal } = subject;
    subject.keep("chat", "", "kept");
    goal.enterNamespace("chat", subject.sender);
    goal[end]("chat", "a", new Error("refused"));
    assertEquals(subject.sent, [": kept"]);
  });
}

Deno.test("Goal holds nothing where nothing was kept", () => {
  const subject = Subject.having("chat", "a");
  subject.goal.enterNamespace("chat", subject.sender);
  assertEquals(subject.goal.isHolding("chat"), false);
  assertEquals(subject.goal.isHolding("other"), false);
});

Deno.test("Goal keeps as many frames as it may, for what it has", () => {
  const subject = new Subject(2);
  subject.lose("chat", "a");
  subject.lose("news");
  assertEquals(subject.keep("other", "", "1"), [false]);
  assertEquals(subject.keep("chat", "b", "1"), [false]);
  assertEquals(subject.keep("chat", "a", "1", "2", "3"), [true, true, false]);
  assertEquals(subject.keep("news", "", "1"), [true]);
  subject.goal.enterNamespace("chat", subject.sender);
  // What is emitted once the namespace is in was not kept while away.
  subject.goal.hold("chat", { room: "", frame: "4", isAsk: false });
  subject.goal.enterRoom("chat", "a");
  assertEquals(subject.sent, ["a: 1", "a: 2", ": 4"]);
});

Deno.test("Goal.refuse() takes a name out, and reports what this side had asked for", () => {
  const subject = Subject.having("chat", "own");
  const { goal } = subject;
  goal.addRoom("chat", roomOf("given"), false);
  goal.addNamespace("news", nsConnOf("news"), false);
  const no = new EventError("no");
  goal.refuse("chat", "given", no);
  goal.refuse("news", "", no);
  goal.refuse("other", "", no);
  goal.refuse("chat", "other", no);
  assertEquals(subject.reported, []);
  goal.refuse("chat", "own", no);
  assertEquals(goal.rooms("chat"), []);
  goal.refuse("chat", "", no);
  goal.refuse("chat", "", no);
  assertEquals(goal.namespaces, []);
  assertEquals(subject.reported, ["no chat/own", "no chat/"]);
});

Deno.test("Goal.refuse() leaves a namespace alone that is in", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  goal.enterNamespace("chat", subject.sender);
  goal.refuse("chat", "", new EventError("no"));
  assertEquals([goal.rooms("chat"), subject.reported], [["a"], []]);
});

Deno.test("Goal finds the handles of what was refused", () => {
  const { goal } = Subject.having("chat", "a", "b");
  const chat = goal.findNSConn("chat");
  const [a, b] = ["a", "b"].map((room) => goal.findRoom("chat", room));
  goal.refuse("chat", "a", new EventError("no"));
  goal.refuse("chat", "", new EventError("no"));
  assertStrictEquals(goal.findNSConn("chat"), chat);
  assertStrictEquals(goal.findRoom("chat", "a"), a);
  assertStrictEquals(goal.findRoom("chat", "b"), b);
  goal.clear();
  assertEquals(goal.findNSConn("chat"), undefined);
  assertEquals(goal.findRoom("chat", "a"), undefined);
});

Deno.test("Goal prefers the handle of a new loss to that of what was refused", () => {
  const { goal } = Subject.having("chat", "a");
  goal.refuse("chat", "", new EventError("no"));
  const chat = nsConnOf("chat");
  const a = roomOf("a");
  goal.addNamespace("chat", chat, true);
  goal.addRoom("chat", a, true);
  assertStrictEquals(goal.findNSConn("chat"), chat);
  assertStrictEquals(goal.findRoom("chat", "a"), a);
});

Deno.test("Goal.restore() puts back what the reason of the close has refused", () => {
  const subject = Subject.having("chat", "a", "b");
  const { goal } = subject;
  subject.lose("news", "a");
  subject.keep("news", "", "kept");
  goal.refuse("chat", "a", new EventError("restart"));
  goal.refuse("chat", "b", new EventError("no"));
  goal.refuse("news", "", new EventError("restart"));
  goal.restore("restart");
  assertEquals(goal.namespaces, ["chat", "news"]);
  assertEquals([goal.rooms("chat"), goal.rooms("news")], [["a"], ["a"]]);
  assertEquals(goal.isOwn("chat", "a"), true);
  goal.forgetRooms("news");
  goal.enterNamespace("news", subject.sender);
  assertEquals(subject.sent, [": kept"]);
});

Deno.test("Goal.restore() compares the texts as a close frame cuts them", () => {
  const { goal } = Subject.having("chat");
  goal.refuse("chat", "", new EventError("x".repeat(200)));
  goal.restore("x".repeat(123));
  assertEquals(goal.namespaces, ["chat"]);
});

Deno.test("Goal.restore() does not bring back a room without its namespace", () => {
  const { goal } = Subject.having("chat", "a");
  goal.refuse("chat", "a", new EventError("restart"));
  goal.forget("chat", "");
  goal.restore("restart");
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], []]);
});

for (const end of ["restore", "clear"] as const) {
  Deno.test(`Goal restores nothing of what was refused before ${end}()`, () => {
    const { goal } = Subject.having("chat");
    goal.refuse("chat", "", new EventError("restart"));
    goal[end]("another reason");
    goal.restore("restart");
    assertEquals(goal.namespaces, []);
  });
}

Deno.test("Goal.clear() takes everything out", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  subject.keep("chat", "", "kept");
  goal.clear();
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], []]);
  goal.enterNamespace("chat", subject.sender);
  assertEquals(subject.sent, []);
});
