/**
 * The pages of the paper. The browser gets it as it is, with only its types taken
 * out.
 *
 * @module
 */

// @ts-types="@neffos/mvc/client"
import { type Client, dial, type HandlersOf, type Room } from "/neffos.js";
import { ConnectionBanner } from "../../_shared/page/connection_banner.ts";
import { find, make, showChildren } from "../../_shared/page/dom.ts";
import { closeOnLeave } from "../../_shared/page/leaving.ts";
import { makeID } from "../../_shared/page/make_id.ts";
import type {
  Counts,
  VisitorController,
  VisitorEvents,
} from "../visitor_controller.ts";
import { type Article, ARTICLES } from "./articles.ts";

/** How many seconds the line shows. */
const SECONDS = 60;

const title = find("title", HTMLElement);
const total = find("total", HTMLElement);
const pages = find("pages", HTMLElement);
const readers = find("readers", HTMLElement);
const line = document.querySelector("#line")!;
const items = new Map(ARTICLES.map((article) => [article, makeItem(article)]));
const banner = new ConnectionBanner(() =>
  client === undefined ? location.reload() : client.retryNow()
);

let client: Client | undefined;
let article = findArticle();
let counts: Counts | undefined;
/** The readers of this page, a number for each second. */
let past: number[] = [];

/** Finds the page of the address. */
function findArticle(): Article {
  const slug = new URLSearchParams(location.search).get("page");
  return ARTICLES.find((each) => each.slug === slug) ?? ARTICLES[0]!;
}

function makeItem({ slug, title }: Article): HTMLElement {
  const link = make("a", "", title);
  link.href = `/?page=${slug}`;
  const bar = make("span", "bar");
  bar.ariaHidden = "true";
  return make("li", "", link, make("p", "faint count"), bar);
}

function showArticle(): void {
  document.title = `${article.title} – The Tide Table`;
  title.textContent = article.title;
  find("lead", HTMLElement).textContent = article.lead;
  const text = article.text.map((each) => make("p", "", each));
  find("text", HTMLElement).replaceChildren(...text);
  past = [];
  for (const [each, item] of items) {
    item.querySelector("a")!.ariaCurrent = each === article ? "page" : null;
  }
}

function count({ slug }: Article): number {
  return counts?.pages[slug] ?? 0;
}

function showCounts(): void {
  const people = count(article);
  document.body.classList.toggle("away", counts === undefined);
  total.textContent = counts === undefined
    ? "…"
    : `${counts.total} ${counts.total === 1 ? "reader" : "readers"} online`;
  readers.textContent = counts === undefined
    ? "…"
    : people <= 1
    ? "You are the only one who reads this now"
    : `${people} people are reading this now`;
  const most = Math.max(1, ...ARTICLES.map(count));
  for (const [each, item] of items) {
    const people = count(each);
    item.querySelector(".count")!.textContent = counts === undefined
      ? "…"
      : people === 0
      ? "Nobody"
      : `${people} ${people === 1 ? "reader" : "readers"}`;
    const bar = item.querySelector<HTMLElement>(".bar")!;
    bar.style.setProperty("--share", String(people / most));
  }
  sort();
}

/** Sorts the pages by their readers, unless somebody is choosing from them. */
function sort(): void {
  if (pages.matches(":hover, :focus-within")) return;
  const order = ARTICLES.toSorted((a, b) => count(b) - count(a));
  showChildren(pages, order.map((each) => items.get(each)!));
}

/** Draws the readers of the last minute. */
function drawLine(): void {
  if (counts !== undefined) past.push(count(article));
  past = past.slice(-SECONDS);
  const most = Math.max(2, ...past);
  const points = past.map((people, second) => {
    const x = 240 * (1 - (past.length - 1 - second) / (SECONDS - 1));
    return `${x.toFixed(1)},${(30 - 28 * people / most).toFixed(1)}`;
  });
  line.setAttribute("points", points.join(" "));
}

/** All windows of this browser are one visitor. */
function readVisitor(): string {
  const id = localStorage.getItem("visitor") ?? makeID();
  localStorage.setItem("visitor", id);
  return id;
}

showArticle();
showCounts();
pages.onpointerleave = sort;
// The focus is elsewhere only after the event.
pages.addEventListener("focusout", () => setTimeout(sort));
setInterval(drawLine, 1_000);

const events: HandlersOf<VisitorEvents> = {
  onCounts(_nsConn, msg) {
    counts = msg.json();
    showCounts();
  },
};

async function enter(): Promise<void> {
  const url = `/websocket_endpoint?visitor=${readVisitor()}`;
  client = await dial(url, { visitors: events }, {
    reconnect: true,
    onClose: banner.onClose,
    onReconnecting(tries, delay) {
      counts = undefined;
      showCounts();
      banner.onReconnecting(tries, delay);
    },
    onReconnect() {
      banner.onReconnect();
      move();
    },
  });
  const nsConn = await client.connect<typeof VisitorController>("visitors");
  let room: Room | undefined;
  let moving: Promise<void> = Promise.resolve();

  /** Leaves the room of one page for that of another; the last choice counts. */
  function move(): void {
    moving = moving.then(async () => {
      if (room?.name === article.slug) return;
      const before = room;
      room = await nsConn.joinRoom(article.slug);
      await before?.leave();
    }).catch((error) => {
      // Without a connection, the banner says so already.
      if (nsConn.isConnected) banner.show(error.message);
    });
  }

  function go(): void {
    article = findArticle();
    showArticle();
    showCounts();
    move();
  }

  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a");
    // With a key held, it is to be opened somewhere else.
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (link === null || link.origin !== location.origin || !isPlain) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    go();
    title.focus();
    scrollTo(0, 0);
  });
  addEventListener("popstate", go);
  move();
}

closeOnLeave(() => void client?.close());
enter().catch((error) => banner.show(error.message));
