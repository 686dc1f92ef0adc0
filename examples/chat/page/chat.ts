/**
 * What the page of the chat does, once `start.ts` starts it. The browser gets it as it is, with only its types
 * taken out.
 *
 * @module
 */

// @ts-types="@neffos/mvc/client"
import {
  AskTimeoutError,
  type Client,
  dial,
  EventError,
  type Events,
  type EventsOf,
  type HandlersOf,
  type NSConn,
} from "/neffos.js";
import { ConnectionBanner } from "../../_shared/page/connection_banner.ts";
import {
  find,
  make,
  makeAvatar,
  showChildren,
} from "../../_shared/page/dom.ts";
import { closeOnLeave } from "../../_shared/page/leaving.ts";
import { makeID } from "../../_shared/page/make_id.ts";
import type { ChatController, ChatEvents } from "../chat_controller.ts";
import type { Chat } from "../history.ts";
import { Conversation } from "./conversation.ts";
import { type Outgoing, readStore, writeStore } from "./store.ts";

const LOBBY = "lobby";

const side = find("side", HTMLElement);
const menu = find("menu", HTMLButtonElement);
const roomList = find("rooms", HTMLElement);
const newRoom = find("new-room", HTMLInputElement);
const peopleList = find("people", HTMLElement);
const rename = find("rename", HTMLButtonElement);
const leave = find("leave", HTMLButtonElement);
const panel = find("panel", HTMLElement);
const log = find("log", HTMLElement);
const newest = find("newest", HTMLButtonElement);
const notice = find("notice", HTMLElement);
const text = find("text", HTMLTextAreaElement);
const welcome = find("welcome", HTMLDialogElement);
const nameInput = find("name", HTMLInputElement);
const nameError = find("name-error", HTMLElement);

const store = readStore();
const conversations = new Map<string, Conversation>();
const roomItems = new Map<string, HTMLElement>();
const personItems = new Map<string, HTMLElement>();
let rooms: readonly string[] = [];
let client: Client | undefined;
let nsConn: NSConn<EventsOf<typeof ChatController>> | undefined;
let isFollowing = true;
let lastTyping = 0;

const banner = new ConnectionBanner(() => {
  if (client?.isClosed === false) client.retryNow();
  else void enter(store.name).then(banner.onReconnect, () => {});
});

/** The events of the chat, by the names that the server gives them. */
const events: HandlersOf<ChatEvents> = {
  onChat: (_nsConn, msg) => receive(msg.room, msg.json()),
  onHistory(_nsConn, msg) {
    open(msg.room).add(...msg.json());
    // The room was joined, again perhaps: what waits for it can be sent.
    store.outbox.filter(({ room }) => room === msg.room).forEach(deliver);
    render();
  },
  onPeople(_nsConn, msg) {
    open(msg.room).people = msg.json();
    render();
  },
  onRooms(_nsConn, msg) {
    rooms = msg.json();
    render();
  },
  onTyping(_nsConn, msg) {
    open(msg.room).setTyping(msg.text(), render);
    render();
  },
};

/** What a page that builds on this one has more. */
export interface More {
  /** Its other namespaces. */
  readonly namespaces?: Record<string, Events>;
  /** Called whenever the chat was entered, also under another name. */
  readonly onEnter?: (client: Client) => Promise<void>;
}

let more: More = {};

/** Connects, under a name and into the rooms of before. */
async function enter(name: string): Promise<void> {
  if (client === undefined || client.isClosed) {
    const namespaces = { ...more.namespaces, chat: events };
    client = await dial("/websocket_endpoint", namespaces, {
      reconnect: true,
      onClose(info, willReconnect) {
        banner.onClose(info, willReconnect);
        render();
      },
      onReconnecting: banner.onReconnecting,
      onReconnect() {
        render();
        if (nsConn?.isConnected) return banner.onReconnect();
        banner.hide();
        askName("Someone else took your name.");
      },
      onError(error) {
        // A refusal has been told by onReconnect().
        if (!(error instanceof EventError)) console.error(error);
      },
    });
  }
  if (nsConn?.isConnected) await nsConn.disconnect();
  const body = { key: store.key, name };
  nsConn = await client.connect<typeof ChatController>("chat", { body });
  store.name = name;
  for (const room of store.rooms) await nsConn.joinRoom(room);
  writeStore(store);
  render();
  await more.onEnter?.(client);
}

function open(room: string): Conversation {
  const conversation = conversations.get(room) ?? new Conversation();
  conversations.set(room, conversation);
  return conversation;
}

function receive(room: string, chat: Chat): void {
  const isNew = open(room).add(chat) > 0;
  const isSeen = room === store.room && !document.hidden;
  if (isNew && !isSeen && chat.name !== store.name) open(room).unread++;
  settle(chat.id);
}

/** Takes a message out of those that are on their way. */
function settle(id: string): void {
  store.outbox = store.outbox.filter((outgoing) => outgoing.id !== id);
  writeStore(store);
  render();
}

/** Sends a message; without a connection it stays in the outbox. */
async function deliver(outgoing: Outgoing): Promise<void> {
  const { id, room, text: body } = outgoing;
  try {
    const answer = await nsConn?.room(room)
      ?.ask("onChat", { id, text: body });
    if (answer !== undefined) receive(room, answer.json());
  } catch (error) {
    if (error instanceof AskTimeoutError) return deliver(outgoing);
    if (!(error instanceof EventError)) return;
    notice.textContent = `Not sent: ${error.message}`;
    // It can be changed, and sent again.
    if (room === store.room && text.value === "") text.value = body;
    settle(id);
  }
}

function render(): void {
  const current = open(store.room);
  const isOnline = nsConn?.isConnected === true;
  const unread = conversations.values()
    .reduce((sum, conversation) => sum + conversation.unread, 0);
  document.title = `${unread > 0 ? `(${unread}) ` : ""}${store.room} · Chat`;
  menu.textContent = menu.ariaExpanded === "true"
    ? "Close"
    : unread > 0
    ? `Rooms (${unread})`
    : "Rooms";
  find("title", HTMLElement).textContent = store.room;
  const { length } = current.people;
  find("count", HTMLElement).textContent = nsConn === undefined
    ? "Connecting…"
    : !isOnline
    ? "Offline"
    : length === 1
    ? "Only you are here"
    : `${length} people`;
  leave.hidden = store.room === LOBBY;
  leave.disabled = !isOnline;
  leave.ariaLabel = `Leave the room ${store.room}`;
  text.placeholder = `Message ${store.room}`;
  find("typing", HTMLElement).textContent = isOnline
    ? current.describeTyping()
    : "";
  rename.replaceChildren(makeAvatar(store.name), make("bdi", "", store.name));
  rename.ariaLabel = `You are ${store.name}. Change your name`;
  const names = new Set([...store.rooms, ...rooms]);
  showChildren(roomList, [...names].map(drawRoom));
  showChildren(peopleList, current.people.map(drawPerson));
  const outbox = store.outbox.filter(({ room }) => room === store.room);
  const entries = current.draw({ name: store.name, outbox, isOnline });
  showChildren(log, entries);
  find("empty", HTMLElement).hidden = entries.length > 0 || !isOnline;
  if (isFollowing) panel.scrollTop = panel.scrollHeight;
  newest.hidden = isFollowing;
}

function drawRoom(name: string): HTMLElement {
  const isIn = store.rooms.includes(name);
  const { unread } = conversations.get(name) ?? { unread: 0 };
  let item = roomItems.get(name);
  if (item === undefined) {
    const button = make(
      "button",
      "room",
      make("bdi", "", name),
      make("span", ""),
    );
    button.type = "button";
    button.onclick = () => void select(name);
    item = make("li", "", button);
    roomItems.set(name, item);
  }
  const button = item.querySelector("button")!;
  const note = button.querySelector("span")!;
  note.className = isIn ? "badge" : "faint";
  note.textContent = !isIn ? "Join" : unread > 0 ? String(unread) : "";
  button.ariaLabel = !isIn
    ? `Join the room ${name}`
    : unread > 0
    ? `${name}, ${unread} unread`
    : name;
  button.ariaCurrent = String(name === store.room);
  return item;
}

function drawPerson(name: string): HTMLElement {
  const known = personItems.get(name);
  const item = known ??
    make("li", "person", makeAvatar(name), make("bdi", "", name));
  personItems.set(name, item);
  item.classList.toggle("me", name === store.name);
  return item;
}

/** Shows a room, and joins it before if that was not done yet. */
async function select(room: string): Promise<void> {
  try {
    if (!store.rooms.includes(room)) {
      await nsConn!.joinRoom(room);
      store.rooms.push(room);
    }
    notice.textContent = "";
  } catch (error) {
    notice.textContent = explain(error);
    return setMenu(false);
  }
  store.room = room;
  writeStore(store);
  open(room).unread = 0;
  text.value = store.drafts[room] ?? "";
  isFollowing = true;
  // Nobody wants to hear the whole room read out.
  log.ariaLive = "off";
  render();
  requestAnimationFrame(() => log.ariaLive = "polite");
  setMenu(false);
  text.focus();
}

/** Gives the reason of a failure; those of the server are for people. */
function explain(error: unknown): string {
  return error instanceof EventError
    ? error.message
    : "The server cannot be reached. Try again in a moment.";
}

function askName(reason = ""): void {
  find("welcome-title", HTMLElement).textContent = nsConn?.isConnected
    ? "Change your name"
    : "Welcome to the chat";
  nameError.textContent = reason;
  nameInput.value = store.name;
  if (!welcome.open) welcome.showModal();
  nameInput.select();
}

function setMenu(isOpen: boolean): void {
  side.classList.toggle("shown", isOpen);
  menu.ariaExpanded = String(isOpen);
  render();
  if (isOpen) roomList.querySelector("button")?.focus();
}

find("welcome-form", HTMLFormElement).onsubmit = async (event) => {
  event.preventDefault();
  nameError.textContent = "";
  try {
    await enter(nameInput.value.trim());
    welcome.close();
    setMenu(false);
    text.focus();
  } catch (error) {
    nameError.textContent = explain(error);
  }
};

// Without a name there is nothing behind the dialog.
welcome.oncancel = (event) => {
  if (nsConn?.isConnected !== true) event.preventDefault();
};

find("composer", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  const body = text.value.trim();
  if (body === "") return;
  const time = new Date().toISOString();
  const outgoing = { id: makeID(), room: store.room, text: body, time };
  store.outbox.push(outgoing);
  delete store.drafts[store.room];
  writeStore(store);
  text.value = notice.textContent = "";
  lastTyping = 0;
  isFollowing = true;
  render();
  void deliver(outgoing);
};

text.onkeydown = (event) => {
  // While an input method composes, Enter is its own.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  text.form!.requestSubmit();
};

text.oninput = () => {
  store.drafts[store.room] = text.value;
  writeStore(store);
  if (text.value === "" || Date.now() - lastTyping < 2_500) return;
  lastTyping = Date.now();
  nsConn?.room(store.room)?.emit("onTyping");
};

find("join", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  const room = newRoom.value.trim();
  newRoom.value = "";
  if (room !== "") void select(room);
};

leave.onclick = () => {
  const { room } = store;
  void nsConn?.room(room)?.leave().catch(() => {});
  store.rooms = store.rooms.filter((name) => name !== room);
  conversations.delete(room);
  void select(LOBBY);
};

panel.onscroll = () => {
  const { scrollHeight, scrollTop, clientHeight } = panel;
  isFollowing = scrollHeight - scrollTop - clientHeight < 40;
  newest.hidden = isFollowing;
};

// The keyboard of a phone takes room away.
new ResizeObserver(render).observe(panel);

document.onvisibilitychange = () => {
  if (!document.hidden) open(store.room).unread = 0;
  render();
};

menu.onclick = () => setMenu(!side.classList.contains("shown"));
document.onkeydown = (event) => {
  if (event.key !== "Escape" || menu.ariaExpanded !== "true") return;
  setMenu(false);
  menu.focus();
};
rename.onclick = () => askName();
newest.onclick = () => panel.scrollTop = panel.scrollHeight;
addEventListener("online", () => client?.retryNow());
closeOnLeave(() => void client?.close());

/**
 * Starts the page.
 *
 * @param options What it has more than the chat.
 */
export function startChat(options: More = {}): void {
  more = options;
  text.value = store.drafts[store.room] ?? "";
  render();
  if (store.name === "") return askName();
  text.focus();
  enter(store.name).catch((error) => askName(explain(error)));
}
