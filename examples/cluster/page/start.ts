/**
 * The page of the chat, with a list of the processes.
 *
 * @module
 */

// @ts-types="@neffos/mvc/client"
import type { EventsOf, NSConn } from "/neffos.js";
import { startChat } from "../../chat/page/chat.ts";
import { find, make, showChildren } from "../../_shared/page/dom.ts";
import type {
  ClusterController,
  ClusterView,
  Guest,
  ProcessState,
} from "../cluster_controller.ts";

const list = make("ul", "");
const served = make("p", "served");
const news = make("p", "unseen");
const items = new Map<string, HTMLElement>();
let nsConn: NSConn<EventsOf<typeof ClusterController>> | undefined;
let view: ClusterView = { own: "", processes: [], guests: [] };

function show(next: ClusterView): void {
  for (const { name, isRunning } of next.processes) {
    const before = view.processes.find((process) => process.name === name);
    if (before === undefined || before.isRunning === isRunning) continue;
    news.textContent = `${name} ${isRunning ? "runs again" : "is killed"}`;
  }
  view = next;
  served.textContent = view.own;
  showChildren(list, view.processes.map(drawProcess));
}

function drawProcess({ name, isRunning }: ProcessState): HTMLElement {
  const item = items.get(name) ?? makeProcess(name);
  items.set(name, item);
  const isOwn = name === view.own;
  item.classList.toggle("own", isOwn);
  item.classList.toggle("stopped", !isRunning);
  // A page that has come back is known to its process of before for a while.
  const isLatest = ({ name, since }: Guest) =>
    !view.guests.some((other) => other.name === name && other.since > since);
  const people = view.guests
    .filter((guest) => guest.process === name && isLatest(guest));
  item.querySelector(".state")!.textContent = isOwn
    ? "this page"
    : isRunning
    ? ""
    : "restarting";
  item.querySelector(".guests")!.textContent =
    people.map(({ name }) => name).sort().join(", ") || "Nobody";
  // Not disabled: it would lose the focus.
  item.querySelector("button")!.ariaDisabled = String(!isRunning);
  return item;
}

function makeProcess(name: string): HTMLElement {
  const kill = make("button", "quiet", "Kill");
  kill.type = "button";
  kill.ariaLabel = `Kill ${name}`;
  kill.onclick = () => {
    if (kill.ariaDisabled === "false") nsConn?.emit("onKill", name);
  };
  const state = make("span", "state faint");
  const title = make("p", "", make("strong", "", name), " ", state);
  const text = make("div", "", title, make("p", "guests faint"));
  return make("li", "process", text, kill);
}

const title = make("h2", "", "Processes");
title.id = "processes-title";
list.setAttribute("aria-labelledby", title.id);
find("side", HTMLElement).prepend(make("section", "", title, list));
find("leave", HTMLElement).before(served);
news.role = "status";
find("stage", HTMLElement).append(news);

startChat({
  namespaces: { cluster: { onView: (_nsConn, msg) => show(msg.json()) } },
  async onEnter(client) {
    await nsConn?.disconnect();
    nsConn = await client.connect<typeof ClusterController>("cluster");
  },
});
