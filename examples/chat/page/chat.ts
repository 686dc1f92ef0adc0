/**
 * The page of the chat. The browser gets this file as it is, with only its
 * types taken out, and the neffos client in the same way.
 *
 * @module
 */

import { EventError, type HandlersOf } from "../../../neffos/client.ts";
import { find, make } from "../../_shared/page/dom.ts";
import type { ChatEvents, RoomInfo } from "../chat_controller.ts";
import { Aside } from "./aside.ts";
import { Banner } from "./banner.ts";
import { Conversation } from "./conversation.ts";
import { NameDialog } from "./name_dialog.ts";
import { Session, type Status } from "./session.ts";

const tabs = find("tabs", HTMLElement);

const panels = find("panels", HTMLElement);

const text = find("text", HTMLTextAreaElement);

const typing = find("typing", HTMLElement);

const notice = find("notice", HTMLElement);

const newest = find("newest", HTMLButtonElement);

const rename = find("rename", HTMLButtonElement);

const leave = find("leave", HTMLButtonElement);

/** What works only while there is a connection. */
const controls = [
  text,
  find("send", HTMLButtonElement),
  rename,
  leave,
  find("room", HTMLInputElement),
  find("join-button", HTMLButtonElement),
];

const conversations = new Map<string, Conversation>();

let rooms: readonly RoomInfo[] = [];

let status: Status["kind"] | undefined;

let lastTyping = 0;

/** The events of the chat, by the names that the server gives them. */
const events: HandlersOf<ChatEvents> = {
  onChat(_nsConn, msg) {
    const conversation = conversations.get(msg.room);
    if (msg.error !== undefined) conversation?.refuse(msg.error.message);
    else conversation?.receive(msg.json(), session.person);
  },
  onTyping(_nsConn, msg) {
    conversations.get(msg.room)?.setTyping(msg.json());
  },
  onPeople(_nsConn, msg) {
    const people = msg.json();
    conversations.get(msg.room)?.setPeople(people, session.person);
  },
  onRooms(_nsConn, msg) {
    rooms = msg.json();
    render();
  },
  onRoomLeft(_nsConn, msg) {
    // Rooms that are left because the connection is lost are joined again.
    if (!(msg.isForced && msg.isLocal)) close(msg.room);
  },
};

const session = new Session(events, showStatus);

const banner = new Banner(() => session.retry());

const aside = new Aside(join);

const nameDialog = new NameDialog(async (name) => {
  await session.start(name);
  render();
}, () => text.focus());

const everybody = open("");

let current = everybody;

select(everybody);

nameDialog.ask();

function showStatus(next: Status): void {
  const before = status;
  status = next.kind;
  // A control that is disabled loses the focus, and should have it back.
  const hadFocus = document.activeElement === document.body;
  for (const control of controls) control.disabled = status !== "online";
  banner.show(next);
  if (next.kind === "online") {
    if (before !== undefined) noteEverywhere("The connection is back");
    if (hadFocus) text.focus();
    void refresh();
  } else if (before === "online") {
    for (const conversation of conversations.values()) conversation.lose();
    noteEverywhere("The connection was lost");
  }
  if (next.kind === "ended" && session.person === undefined) {
    nameDialog.ask(undefined, next.reason);
  }
  render();
}

function noteEverywhere(note: string): void {
  for (const conversation of conversations.values()) conversation.note(note);
}

/** Asks for what is pushed only when it changes. */
async function refresh(): Promise<void> {
  try {
    rooms = await session.askRooms() ?? [];
    for (const [room, conversation] of conversations) {
      // The server may not have let us into a room again.
      if (room === "" || session.rooms.has(room)) await askPeople(conversation);
      else close(room);
    }
  } catch (error) {
    showError(error);
  }
}

async function askPeople(conversation: Conversation): Promise<void> {
  const people = await session.askWho(conversation.room);
  if (people) conversation.setPeople(people, session.person);
}

/** Draws everything but the messages. */
function render(): void {
  const { person } = session;
  const unread = conversations.values()
    .reduce((sum, conversation) => sum + conversation.unread, 0);
  document.title = unread === 0 ? "neffos chat" : `(${unread}) neffos chat`;
  rename.hidden = person === undefined;
  rename.replaceChildren(make("bdi", "", person?.name ?? ""));
  rename.ariaLabel = `Your name is ${person?.name}. Change it`;
  leave.hidden = current === everybody;
  leave.ariaLabel = `Leave the room ${current.title}`;
  text.placeholder = `Write to ${current.title}`;
  typing.textContent = current.typing;
  newest.hidden = current.isFollowing;
  aside.render({
    people: current.people,
    person,
    rooms,
    isJoined: (room) => conversations.has(room),
    isOnline: status === "online",
  });
}

function open(room: string): Conversation {
  const conversation = new Conversation(room, render);
  conversations.set(room, conversation);
  conversation.tab.onclick = () => select(conversation);
  tabs.append(conversation.tab);
  panels.append(conversation.panel);
  return conversation;
}

function close(room: string): void {
  const conversation = conversations.get(room);
  if (conversation === undefined) return;
  conversations.delete(room);
  conversation.remove();
  if (conversation === current) select(everybody);
  render();
}

function select(conversation: Conversation): void {
  current.isShown = false;
  current = conversation;
  current.isShown = true;
  notice.textContent = "";
  render();
}

/** Joins a room, or shows it, and says whether that could be done. */
async function join(room: string): Promise<boolean> {
  try {
    if (!conversations.has(room)) {
      await session.join(room);
      open(room).note("You are in, and see what is said from now on");
    }
    const conversation = conversations.get(room)!;
    select(conversation);
    text.focus();
    await askPeople(conversation);
    return true;
  } catch (error) {
    showError(error);
    return false;
  }
}

/** Says what went wrong; the errors of the server are written for people. */
function showError(error: unknown): void {
  notice.textContent = error instanceof EventError
    ? error.message
    : "That did not work: there is no connection.";
}

function send(): void {
  const { person } = session;
  const body = text.value.trim();
  if (status !== "online" || person === undefined || body === "") return;
  if (!session.emit(current.room, "onChat", body)) return;
  current.send(body, person);
  text.value = "";
  notice.textContent = "";
  lastTyping = 0;
}

find("composer", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  send();
};

text.onkeydown = (event) => {
  // While an input method composes, Enter is its own.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
};

text.oninput = () => {
  const now = Date.now();
  if (text.value === "" || now - lastTyping < 2_500) return;
  lastTyping = now;
  session.emit(current.room, "onTyping");
};

tabs.onkeydown = (event) => {
  const list = [...conversations.values()];
  const index = list.indexOf(current);
  const target = {
    ArrowLeft: list.at(index - 1),
    ArrowRight: list[(index + 1) % list.length],
    Home: list[0],
    End: list.at(-1),
  }[event.key];
  if (target !== undefined) {
    event.preventDefault();
    select(target);
    target.tab.focus();
  } else if (event.key === "Delete" && !leave.hidden) leave.click();
};

leave.onclick = async () => {
  try {
    await session.leave(current.room);
    text.focus();
  } catch (error) {
    showError(error);
  }
};

rename.onclick = () => nameDialog.ask(session.person?.name);

newest.onclick = () => current.scrollToEnd();

document.onvisibilitychange = () => current.isShown = true;

addEventListener("online", () => session.retry());
