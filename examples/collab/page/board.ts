/**
 * The page of the whiteboard. The browser gets it as it is, with only its types
 * taken out.
 *
 * @module
 */

// @ts-types="@neffos/mvc/client"
import {
  type Client,
  dial,
  type EventsOf,
  type HandlersOf,
  type NSConn,
  type Room,
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
import type { BoardController, BoardEvents } from "../board_controller.ts";
import type { Stroke } from "../boards.ts";
import { Cursors } from "./cursors.ts";
import { Drawing } from "./drawing.ts";
import { watchPen } from "./pen.ts";

type Events = EventsOf<typeof BoardController>;

/** How often what is drawn is sent, in milliseconds. */
const BEAT = 40;
/** The most faces that are shown. */
const FACES = 5;

const notice = find("notice", HTMLElement);
const undo = find("undo", HTMLButtonElement);
const clear = find("clear", HTMLButtonElement);
const save = find("save", HTMLButtonElement);
const rename = find("rename", HTMLButtonElement);
const peopleList = find("people", HTMLElement);
const welcome = find("welcome", HTMLDialogElement);
const nameInput = find("name", HTMLInputElement);
const sure = find("sure", HTMLDialogElement);
const board = document.querySelector<SVGSVGElement>("#board")!;
const drawing = new Drawing(document.querySelector("#strokes")!);
const cursors = new Cursors(document.querySelector("#cursors")!);
const banner = new ConnectionBanner(() =>
  isAway ? client?.retryNow() : location.reload()
);

/** Proves that the strokes are this page's, also after a loss. */
const key = sessionStorage.getItem("key") ?? makeID();
sessionStorage.setItem("key", key);
let name = sessionStorage.getItem("name") ?? "";
/** The strokes of this page, the oldest first. */
let own: string[] = JSON.parse(sessionStorage.getItem("own") ?? "[]");
let current: string | undefined;
/** How many numbers of the current stroke have been sent. */
let sent = 0;
let place: readonly [x: number, y: number] | undefined;
let people: BoardEvents["onPeople"] = [];
let client: Client | undefined;
let nsConn: NSConn<Events> | undefined;
/** Whether the client reconnects. */
let isAway = false;

/** The events of the board, by the names that the server gives them. */
const events: HandlersOf<BoardEvents> = {
  onBoard(_nsConn, msg) {
    const strokes: readonly Stroke[] = msg.json();
    // What did not reach the server is drawn once more.
    const mine = own.flatMap((id) => drawing.find(id) ?? []);
    drawing.replace(strokes);
    for (const stroke of mine) {
      const from = drawing.find(stroke.id)?.points.length ?? 0;
      const points = stroke.points.slice(from);
      drawing.draw(stroke);
      if (points.length > 0 && stroke.id !== current) {
        room()?.emit("onDraw", { ...stroke, from, points });
      }
    }
    keepOwn(own.filter((id) => drawing.find(id) !== undefined));
    sent = 0;
    render();
  },
  onDraw(_nsConn, msg) {
    drawing.draw(msg.json());
    render();
  },
  onUndo(_nsConn, msg) {
    // One of this page, if another tab has its key, or the board was full.
    keepOwn(own.filter((id) => id !== msg.text()));
    drawing.remove(msg.text());
    render();
  },
  onClear(_nsConn, msg) {
    notice.textContent = `${msg.text()} has cleared the board.`;
    drawing.clear();
    keepOwn([]);
    current = undefined;
    render();
  },
  onCursor(_nsConn, msg) {
    const { id, place } = msg.json();
    const person = people.find((person) => person.id === id);
    if (person !== undefined) cursors.show(id, person.name, place);
  },
  onPeople(_nsConn, msg) {
    people = msg.json();
    cursors.keep(new Set(people.map(({ id }) => id)));
    renderPeople();
  },
};

/** Goes to the board, again under another name. */
async function enter(): Promise<void> {
  client ??= await dial("/websocket_endpoint", { board: events }, {
    reconnect: true,
    onClose(info, willReconnect) {
      isAway = willReconnect;
      banner.onClose(info, willReconnect);
      render();
    },
    onReconnecting: banner.onReconnecting,
    onReconnect() {
      isAway = false;
      banner.onReconnect();
    },
  });
  if (nsConn?.isConnected) await nsConn.disconnect();
  const body = { key, name };
  nsConn = await client.connect<typeof BoardController>("board", { body });
  await nsConn.joinRoom(location.hash.slice(1));
  render();
}

/** Keeps the strokes of this page, also for the next time that it is loaded. */
function keepOwn(ids: string[]): void {
  own = ids;
  sessionStorage.setItem("own", JSON.stringify(ids));
}

/** The board, as long as there is a connection. */
function room(): Room<Events> | undefined {
  return nsConn?.isConnected ? nsConn.room(location.hash.slice(1)) : undefined;
}

/** Sends what is new: many times a second while somebody draws. */
function sendNews(): void {
  const stroke = current === undefined ? undefined : drawing.find(current);
  if (stroke !== undefined && stroke.points.length > sent) {
    const points = stroke.points.slice(sent);
    if (room()?.emit("onDraw", { ...stroke, from: sent, points })) {
      sent = stroke.points.length;
    }
  }
  if (place !== undefined) room()?.volatile.emit("onCursor", place);
  place = undefined;
}

function render(): void {
  const isEmpty = drawing.size === 0;
  find("empty", HTMLElement).hidden = !isEmpty;
  clear.disabled = isEmpty || room() === undefined;
  save.disabled = isEmpty;
  undo.disabled = own.length === 0 || room() === undefined;
}

function renderPeople(): void {
  rename.textContent = name;
  rename.ariaLabel = `You are ${name}. Change your name`;
  const faces = people.slice(0, FACES).map(({ name }) => {
    const face = make("li", "", makeAvatar(name), make("span", "unseen", name));
    face.title = name;
    return face;
  });
  const others = people.length - faces.length;
  if (others > 0) faces.push(make("li", "faint", `and ${others} more`));
  showChildren(peopleList, faces);
}

function askName(): void {
  nameInput.value = name;
  welcome.showModal();
  nameInput.focus();
  nameInput.select();
}

watchPen(board, {
  onDown(x, y) {
    notice.textContent = "";
    const pen = Number(
      document.querySelector<HTMLInputElement>("#pens :checked")!.value,
    );
    current = makeID();
    sent = 0;
    keepOwn([...own, current]);
    drawing.draw({ id: current, pen, from: 0, points: [x, y] });
    render();
  },
  onMove(x, y, isDown) {
    place = [x, y];
    const stroke = current === undefined ? undefined : drawing.find(current);
    if (!isDown || stroke === undefined) return;
    const { points } = stroke;
    if (points.at(-2) === x && points.at(-1) === y) return;
    if (points.length >= 4_000) return;
    drawing.draw({ ...stroke, from: points.length, points: [x, y] });
  },
  onUp() {
    sendNews();
    current = undefined;
  },
});
setInterval(sendNews, BEAT);
closeOnLeave(() => void client?.close());

undo.onclick = () => {
  const id = own.at(-1);
  if (id === undefined) return;
  keepOwn(own.slice(0, -1));
  drawing.remove(id);
  room()?.emit("onUndo", id);
  render();
};

clear.onclick = () => sure.showModal();
sure.onclose = () => {
  if (sure.returnValue === "yes") room()?.emit("onClear");
};

save.onclick = () => {
  const copy = board.cloneNode(true) as SVGSVGElement;
  copy.querySelector("#cursors")!.remove();
  const paths = board.querySelectorAll("#strokes path");
  copy.querySelectorAll<SVGPathElement>("#strokes path")
    .forEach((path, index) => {
      const { stroke, strokeWidth, opacity } = getComputedStyle(paths[index]!);
      Object.assign(path.style, { stroke, strokeWidth, opacity, fill: "none" });
    });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const link = make("a", "");
  const type = "image/svg+xml";
  link.href = URL.createObjectURL(new Blob([copy.outerHTML], { type }));
  link.download = "whiteboard.svg";
  link.click();
  URL.revokeObjectURL(link.href);
};

find("share", HTMLButtonElement).onclick = async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    notice.textContent = "The link has been copied.";
  } catch {
    notice.textContent = `The link of this board: ${location.href}`;
  }
};

find("new", HTMLButtonElement).onclick = () => location.hash = makeID();
globalThis.onhashchange = () => location.reload();

rename.onclick = askName;
welcome.oncancel = (event) => {
  if (name === "") event.preventDefault();
  nameInput.value = name;
};
welcome.onclose = () => {
  const chosen = nameInput.value.trim() || name || "Somebody";
  if (chosen === name) return;
  name = chosen;
  void start();
};

async function start(): Promise<void> {
  sessionStorage.setItem("name", name);
  renderPeople();
  await enter().catch((error) => banner.show(error.message));
}

if (location.hash === "") history.replaceState(null, "", "#welcome");
if (name === "") askName();
else await start();
