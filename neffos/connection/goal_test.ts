import { assertEquals, assertStrictEquals } from "@std/assert";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import type { UntypedRoom } from "../api/room.ts";
import { EventError, REFUSED } from "../protocol/errors.ts";
import type { RawBody } from "../protocol/message.ts";
import { Goal } from "./goal.ts";

const OWN = { body: undefined };

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
    this.goal.addNamespace(namespace, nsConnOf(namespace), OWN);
    for (const room of rooms) this.goal.addRoom(namespace, roomOf(room), OWN);
  }

  hold(namespace: string, room: string, frame: string, isAsk = false): void {
    this.goal.hold(namespace, { room, frame, isAsk });
  }

  keep(namespace: string, room: string, ...frames: string[]): boolean[] {
    return frames.map((frame) => this.goal.keep(namespace, room, frame));
  }
}

Deno.test("Goal has the namespaces and rooms that were added", () => {
  const { goal } = new Subject();
  const chat = nsConnOf("chat");
  const lobby = roomOf("lobby");
  goal.addNamespace("chat", chat, OWN);
  goal.addNamespace("news", nsConnOf("news"), undefined);
  goal.addRoom("chat", lobby, undefined);
  goal.addRoom("chat", roomOf("attic"), OWN);
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
    ]].map(([namespace, room]) => goal.findOwn(namespace!, room!) === OWN),
    [true, false, true, false, false],
  );
  assertStrictEquals(goal.findNSConn("chat"), chat);
  assertStrictEquals(goal.findRoom("chat", "lobby"), lobby);
  assertEquals(goal.findNSConn("other"), undefined);
  assertEquals(goal.findRoom("news", "lobby"), undefined);
});

Deno.test("Goal.addRoom() does nothing without the namespace", () => {
  const { goal } = new Subject();
  goal.addRoom("chat", roomOf("lobby"), OWN);
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], []]);
});

Deno.test("Goal keeps frames, handles and order through a second loss", () => {
  const subject = Subject.having("chat", "a", "b");
  const { goal } = subject;
  const chat = goal.findNSConn("chat");
  subject.keep("chat", "", "kept");
  goal.enterNamespace("chat", subject.sender);
  goal.enterRoom("chat", "a");
  assertEquals([goal.has("chat", ""), goal.rooms("chat")], [false, ["b"]]);
  // Lost again: the rooms stand in their former order.
  goal.addNamespace("chat", nsConnOf("chat"), OWN);
  goal.addRoom("chat", roomOf("a"), OWN);
  goal.addRoom("chat", roomOf("b"), OWN);
  assertEquals([goal.has("chat", ""), goal.rooms("chat")], [true, ["a", "b"]]);
  assertStrictEquals(goal.findNSConn("chat"), chat);
  assertEquals(subject.sent, []);
  goal.enterNamespace("chat", subject.sender);
  goal.enterRoom("chat", "b");
  goal.enterRoom("chat", "a");
  assertEquals(subject.sent, [": kept"]);
});

Deno.test("Goal drops kept asks at a second loss, and keeps events", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  subject.keep("chat", "", "1");
  goal.enterNamespace("chat", subject.sender);
  subject.hold("chat", "", "2", true);
  subject.hold("chat", "", "3");
  goal.addNamespace("chat", nsConnOf("chat"), OWN);
  goal.enterNamespace("chat", subject.sender);
  goal.enterRoom("chat", "a");
  assertEquals(subject.sent, [": 1", ": 3"]);
});

Deno.test("Goal.addRoom() puts a known room behind the others", () => {
  const { goal } = Subject.having("chat", "a", "b");
  const again = roomOf("a");
  goal.addRoom("chat", again, OWN);
  assertEquals(goal.rooms("chat"), ["b", "a"]);
  assertStrictEquals(goal.findRoom("chat", "a"), again);
});

Deno.test("Goal.forget() removes a name once, a namespace with its rooms", () => {
  const { goal } = Subject.having("chat", "a", "b");
  assertEquals(goal.forget("chat", "a"), true);
  assertEquals(goal.forget("chat", "a"), false);
  assertEquals(goal.rooms("chat"), ["b"]);
  assertEquals(goal.forget("chat", ""), true);
  assertEquals(goal.forget("chat", ""), false);
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], []]);
});

Deno.test("Goal.forget() does not touch a namespace that is in again", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  goal.enterNamespace("chat", subject.sender);
  assertEquals(goal.forget("chat", ""), false);
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], ["a"]]);
});

Deno.test("Goal.forgetRooms() removes the rooms of one namespace", () => {
  const subject = Subject.having("chat", "a", "b");
  const { goal } = subject;
  subject.lose("news", "a");
  goal.forgetRooms("chat");
  goal.forgetRooms("other");
  assertEquals([goal.rooms("chat"), goal.rooms("news")], [[], ["a"]]);
  assertEquals(goal.namespaces, ["chat", "news"]);
});

Deno.test("Goal.drop() removes a namespace that is in, with its kept frames", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  subject.keep("chat", "", "kept");
  goal.enterNamespace("chat", subject.sender);
  goal.drop("chat");
  assertEquals([goal.rooms("chat"), goal.findNSConn("chat")], [[], undefined]);
  goal.enterRoom("chat", "a");
  assertEquals(subject.sent, []);
});

Deno.test("Goal sends kept frames in order, once the last room is in", () => {
  const subject = Subject.having("chat", "a", "b");
  const { goal } = subject;
  subject.keep("chat", "a", "1");
  subject.keep("chat", "", "2");
  subject.keep("chat", "b", "3");
  assertEquals(goal.isHolding("chat"), false);
  goal.enterNamespace("chat", subject.sender);
  // What is sent now comes after what was kept.
  assertEquals(goal.isHolding("chat"), true);
  subject.hold("chat", "", "4");
  goal.enterRoom("chat", "b");
  goal.enterRoom("chat", "b");
  assertEquals(subject.sent, []);
  goal.enterRoom("chat", "a");
  assertEquals(subject.sent, ["a: 1", ": 2", "b: 3", ": 4"]);
  assertEquals([goal.isHolding("chat"), goal.rooms("chat")], [false, []]);
  assertEquals(subject.keep("chat", "", "5"), [false]);
});

Deno.test("Goal sends the kept frames of a namespace without rooms at once", () => {
  const subject = Subject.having("chat");
  subject.keep("chat", "", "1", "2");
  subject.goal.enterNamespace("chat", subject.sender);
  assertEquals(subject.sent, [": 1", ": 2"]);
  assertEquals(subject.goal.findNSConn("chat"), undefined);
});

for (const end of ["forget", "refuse"] as const) {
  Deno.test(`Goal sends kept frames when the last room ends by ${end}()`, () => {
    const subject = Subject.having("chat", "a");
    const { goal } = subject;
    subject.keep("chat", "", "kept");
    goal.enterNamespace("chat", subject.sender);
    goal[end]("chat", "a", new Error("refused"));
    assertEquals(subject.sent, [": kept"]);
  });
}

Deno.test("Goal.isHolding() is false without kept frames", () => {
  const subject = Subject.having("chat", "a");
  subject.goal.enterNamespace("chat", subject.sender);
  assertEquals(subject.goal.isHolding("chat"), false);
  assertEquals(subject.goal.isHolding("other"), false);
});

Deno.test("Goal.keep() keeps up to maxKept frames, for names in the goal", () => {
  const subject = new Subject(2);
  subject.lose("chat", "a");
  subject.lose("news");
  assertEquals(subject.keep("other", "", "1"), [false]);
  assertEquals(subject.keep("chat", "b", "1"), [false]);
  assertEquals(subject.keep("", "", "1"), [false]);
  assertEquals(subject.keep("chat", "a", "1", "2", "3"), [true, true, false]);
  assertEquals(subject.keep("news", "", "1"), [true]);
  subject.goal.enterNamespace("chat", subject.sender);
  assertEquals(subject.keep("chat", "a", "3"), [false]);
  // What is sent once the namespace is in was not kept while away.
  subject.hold("chat", "", "4");
  subject.goal.enterRoom("chat", "a");
  assertEquals(subject.sent, ["a: 1", "a: 2", ": 4"]);
});

Deno.test("Goal.refuse() removes a name, and reports it if this side had asked for it", () => {
  const subject = Subject.having("chat", "own");
  const { goal } = subject;
  goal.addRoom("chat", roomOf("given"), undefined);
  goal.addNamespace("news", nsConnOf("news"), undefined);
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

Deno.test("Goal.refuse() does not touch a namespace that is in", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  goal.enterNamespace("chat", subject.sender);
  goal.refuse("chat", "", new EventError("no"));
  assertEquals([goal.rooms("chat"), subject.reported], [["a"], []]);
});

Deno.test("Goal finds the handles of refused names", () => {
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

Deno.test("Goal prefers the handle of a new loss to that of a refused name", () => {
  const { goal } = Subject.having("chat", "a");
  goal.refuse("chat", "", new EventError("no"));
  const chat = nsConnOf("chat");
  const a = roomOf("a");
  goal.addNamespace("chat", chat, OWN);
  goal.addRoom("chat", a, OWN);
  assertStrictEquals(goal.findNSConn("chat"), chat);
  assertStrictEquals(goal.findRoom("chat", "a"), a);
});

Deno.test("Goal.restore() puts back the names refused with the text of the close", () => {
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
  assertEquals(goal.findOwn("chat", "a"), OWN);
  goal.forgetRooms("news");
  goal.enterNamespace("news", subject.sender);
  assertEquals(subject.sent, [": kept"]);
});

Deno.test("Goal.restore() compares texts as a close frame cuts them", () => {
  const { goal } = Subject.having("chat");
  goal.refuse("chat", "", new EventError("x".repeat(200)));
  goal.restore("x".repeat(123));
  assertEquals(goal.namespaces, ["chat"]);
});

Deno.test("Goal.restore() matches a close without a reason to a refusal without a text", () => {
  const { goal } = Subject.having("chat", "a");
  goal.refuse("chat", "a", new EventError("no"));
  goal.refuse("chat", "", new EventError(REFUSED));
  goal.restore("");
  assertEquals([goal.namespaces, goal.rooms("chat")], [["chat"], []]);
});

Deno.test("Goal.restore() restores no room without its namespace", () => {
  const { goal } = Subject.having("chat", "a");
  goal.refuse("chat", "a", new EventError("restart"));
  goal.forget("chat", "");
  goal.restore("restart");
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], []]);
});

for (const end of ["restore", "clear"] as const) {
  Deno.test(`Goal restores no name that was refused before ${end}()`, () => {
    const { goal } = Subject.having("chat");
    goal.refuse("chat", "", new EventError("restart"));
    goal[end]("another reason");
    goal.restore("restart");
    assertEquals(goal.namespaces, []);
  });
}

Deno.test("Goal.clear() removes everything", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  subject.keep("chat", "", "kept");
  goal.clear();
  assertEquals([goal.namespaces, goal.rooms("chat")], [[], []]);
  goal.enterNamespace("chat", subject.sender);
  assertEquals(subject.sent, []);
});

Deno.test("Goal.forgetRooms() forgets the refused rooms of its namespace, and nothing else", () => {
  const subject = Subject.having("chat", "a");
  const { goal } = subject;
  subject.lose("news", "b");
  for (const [namespace, room] of [["chat", "a"], ["news", "b"]] as const) {
    goal.refuse(namespace, room, new EventError("restart"));
  }
  goal.forgetRooms("chat");
  goal.restore("restart");
  assertEquals([goal.rooms("chat"), goal.rooms("news")], [[], ["b"]]);
  goal.refuse("chat", "", new EventError("restart"));
  goal.forgetRooms("chat");
  goal.restore("restart");
  assertEquals(goal.namespaces.toSorted(), ["chat", "news"]);
});
